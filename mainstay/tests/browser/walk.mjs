// Walks every page of a running Mainstay: axe, console, width, both themes, phone and desk; then without script; then
// by keys. Usage: node walk.mjs SIGN_IN_LINK [FOLDER_FOR_PICTURES]

import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { launch, opened, screens } from "../../../face/tests/browser/browser.mjs";
import { live } from "./live.mjs";

const require = createRequire(new URL("../../../face/tests/browser/browser.mjs", import.meta.url));
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const [link, pictures] = process.argv.slice(2);
const base = new URL(link).origin;
if (pictures) mkdirSync(pictures, { recursive: true });

const faults = [];
const browser = await launch();

// Without script: the link signs in, a task is opened, a finding becomes a task, a form says what is wrong.
const plain = await browser.newContext({ javaScriptEnabled: false });
const first = await plain.newPage();
await first.goto(link);
await first.click("button");
if (first.url() !== `${base}/`) faults.push(`the link led to ${first.url()}`);
await first.goto(`${base}/work/new`);
await first.fill("[name=title]", "Look at <b>the</b> 'disk'; DROP TABLE work_item");
await first.click("main button");
if (!/\/work\/\d+$/.test(first.url())) faults.push(`a new task led to ${first.url()}`);
const task = new URL(first.url()).pathname;
if (!(await first.textContent("h1")).includes("<b>the</b>")) faults.push("markup in a title is not shown as it was written");
await first.goto(`${base}/work/new`);
await first.fill("[name=title]", " ");
await first.click("main button");
if ((await first.locator("[aria-invalid=true]").count()) === 0) faults.push("an empty title is not named under its field");
await first.goto(`${base}/findings`);
const finding = await first.locator("main a.link").first().getAttribute("href");
await first.goto(`${base}/assets`);
const asset = await first.locator("main td a, main a.link").first().getAttribute("href");
await first.goto(`${base}/settings/channels`);
await first.fill("[name=name]", "Chat");
await first.fill("[name=url]", "http://127.0.0.1:1/inside");
await first.getByRole("button", { name: "Make it" }).click();
if (!(await first.textContent("main")).includes("whsec_")) faults.push("a new webhook does not show its key");
await first.getByRole("button", { name: "Send a test" }).click();
if (!(await first.textContent("main")).includes("private network")) faults.push("an address inside was not refused");
await first.goto(`${base}/settings/channels`);
const channel = await first.locator("main th a").first().getAttribute("href");
// Twenty seconds after the first critical or high finding there is a message.
let message = "/settings/messages";
for (let tries = 0; tries < 200 && message === "/settings/messages"; tries += 1) {
  await first.goto(`${base}/settings/messages`);
  message = await first.locator("main li a.link").first().getAttribute("href", { timeout: 500 }).catch(() => message);
}
if (!/no mail address|no mail server/.test(await (await first.goto(base + message)).text()) && message !== "/settings/messages") faults.push("a message that could not be sent does not say why");
// A team, a role of one's own made after one of the house, and the role given to the team for what it owns.
await first.goto(`${base}/settings/teams`);
await first.fill("main [name=name]", "North");
await first.getByRole("button", { name: "Make it" }).click();
const team = new URL(first.url()).pathname;
await first.getByRole("button", { name: "Put in" }).click();
await first.goto(`${base}/settings/roles`);
await first.getByRole("link", { name: "operator" }).click();
await first.getByRole("link", { name: "Make one like it" }).click();
await first.fill("main [name=name]", "");
await first.locator("main [name=rights]:checked").first().uncheck();
await first.getByRole("button", { name: "Make it" }).click();
if ((await first.locator("[aria-invalid=true]").count()) === 0) faults.push("a role without a name is not refused under its field");
await first.fill("main [name=name]", "Keeper of hosts");
await first.getByRole("button", { name: "Make it" }).click();
const role = new URL(first.url()).pathname;
await first.goto(base + team);
await first.selectOption("main [name=role]", { label: "Keeper of hosts" });
await first.selectOption("main [name=scope]", { label: "what North owns" });
await first.getByRole("button", { name: "Give the role" }).click();
if (!/Keeper of hosts for what North owns/.test(await first.innerText("main"))) faults.push("a role that was given to a team is not on its page");
const person = await first.locator("main a.link[href*='/settings/people/']").first().getAttribute("href");
await first.goto(base + person);
if (!/by being in North/.test(await first.innerText("main"))) faults.push("a person's page does not tell what they have by their team");
const state = await plain.storageState();
await plain.close();

const watching = await browser.newContext({ viewport: { width: 1440, height: 900 } });
await watching.addCookies(state.cookies);
await live(watching, base, faults).catch((fault) => faults.push(`live: ${fault.stack}`));
await watching.close();

const pages = {
  home: "/", "home-all": "/?all=1", findings: "/findings", finding, accept: `${finding}/accept`, assets: "/assets", add: "/assets/add",
  asset, "asset-findings": `${asset}/findings`, "asset-history": `${asset}/history`, "asset-edit": `${asset}/edit`,
  updates: `${asset}/facts/updates`, sockets: `${asset}/facts/sockets`, accounts: `${asset}/facts/accounts`, system: `${asset}/facts/system`,
  sshd: `${asset}/facts/sshd`, work: "/work", mine: "/work?which=mine", all: "/work?which=all", new: "/work/new", task, maintenance: "/maintenance",
  settings: "/settings", organisation: "/settings/organisation", people: "/settings/people", person, teams: "/settings/teams", team, "team-remove": `${team}/remove`, roles: "/settings/roles", role, "role-new": "/settings/roles/new", tokens: "/settings/tokens", agents: "/settings/agents",
  policies: "/settings/policies", limits: "/hygiene/limits", mail: "/settings/mail", channels: "/settings/channels", channel, messages: "/settings/messages", message, audit: "/settings/audit?verify=1", me: "/me", find: "/find?q=openssl", "not-found": "/nowhere", "sign-in": "/sign-in",
};

for (const screen of screens) {
  for (const theme of ["light", "dark"]) {
    const { context, page, messages } = await opened(browser, screen, theme);
    await context.addCookies(state.cookies);
    for (const [name, path] of Object.entries(pages)) {
      const where = `${name} ${screen.name} ${theme}`;
      messages.length = 0;
      await page.goto(base + path, { waitUntil: "load" });
      await page.evaluate(() => document.fonts.ready);
      if (pictures) await page.screenshot({ path: `${pictures}/${name}-${screen.name}-${theme}.png` });
      await page.evaluate(axe);
      const rules = theme === "dark" ? { runOnly: ["color-contrast", "link-in-text-block"] } : {};
      const { violations } = await page.evaluate((more) => globalThis.axe.run(document, { resultTypes: ["violations"], ...more }), rules);
      for (const violation of violations) {
        const nodes = violation.nodes.slice(0, 2).map((node) => `${node.target} ${node.failureSummary.replace(/\s+/g, " ")}`);
        faults.push(`${where}: axe ${violation.id}: ${nodes.join(" | ")}`);
      }
      const overflow = (await page.evaluate(() => document.documentElement.scrollWidth)) - screen.width;
      if (overflow > 0) faults.push(`${where}: ${overflow} px wider than the screen`);
      faults.push(...messages.filter((text) => !/status of 404/.test(text)).map((text) => `${where}: ${text}`));
    }
    await context.close();
  }
}

// By keys alone: go to Work, open the palette, find the task, open it.
const { context, page } = await opened(browser, screens[screens.length - 1], "light");
await context.addCookies(state.cookies);
await page.setViewportSize({ width: 1440, height: 900 });
await page.goto(`${base}/`);
await page.keyboard.press("g");
await page.keyboard.press("w");
await page.waitForURL(`${base}/work`, { timeout: 30000 }).catch(() => faults.push("g w does not lead to Work"));
await page.keyboard.press("Control+k");
await page.keyboard.type("disk");
await page.locator("#found a", { hasText: "disk" }).first().waitFor({ timeout: 30000 }).catch(() => faults.push("the palette does not find the task"));
await browser.close();
faults.forEach((fault) => console.log(fault));
console.log(`${Object.keys(pages).length} pages, ${screens.length} screens, 2 themes: ${faults.length} faults`);
process.exit(faults.length === 0 ? 0 : 1);
