// Does with keys, pointer and no script at all what a person would do in the gallery, and says what did not work.
// Usage: node act.mjs BASE_URL

import { launch, opened, screens } from "./browser.mjs";

const [base] = process.argv.slice(2);
const [desk, phone] = screens;
const browser = await launch();
const faults = [];
let stories = 0;

async function story(name, screen, more, tell) {
  const { context, page, messages } = await opened(browser, screen, "light", more);
  page.setDefaultTimeout(30000);
  stories += 1;
  const check = (holds, words) => { if (!holds) faults.push(`${name}: ${words}`); };
  try {
    await tell(page, check);
  } catch (error) {
    faults.push(`${name}: ${error.message.split("\n")[0]}`);
  }
  // A browser says by itself that it is offline, or was refused.
  const said = messages.filter((text) => !text.includes("ERR_INTERNET_DISCONNECTED") && !text.includes("ERR_FAILED") && !text.includes("status of 503"));
  faults.push(...said.map((text) => `${name}: ${text}`));
  await context.close();
}

const path = (page) => new URL(page.url()).pathname;
const focused = (page) => page.evaluate(() => document.activeElement.textContent.trim());

await story("keys go to sections", desk, {}, async (page, check) => {
  await page.goto(base + "/");
  await page.keyboard.press("g");
  await page.keyboard.press("w");
  await page.waitForURL("**/work");
  await page.keyboard.press("/");
  check(await page.evaluate(() => document.activeElement.type) === "search", "/ goes to the search field");
  await page.keyboard.type("gw");
  check(path(page) === "/work", "keys do nothing while one writes");
});

await story("rows move under j and k, Enter does the button", desk, {}, async (page, check) => {
  await page.goto(base + "/");
  for (const key of ["j", "j", "j", "k"]) await page.keyboard.press(key);
  check((await page.locator("[data-row].selected .what").textContent()).startsWith("VPN drops"), "the second row is selected");
  check((await focused(page)).startsWith("VPN drops"), "its link has the focus");
  for (const key of ["j", "j"]) await page.keyboard.press(key);
  await page.keyboard.press("Enter");
  await page.waitForURL("**/states");
  check(await page.locator("#toasts .toast").isVisible(), "the row's form was posted and the toast is there");
  await page.reload();
  check(await page.locator("#toasts .toast").count() === 0, "a toast is shown once");
});

await story("an act is taken back with z", desk, {}, async (page, check) => {
  await page.goto(base + "/forms");
  await page.getByRole("button", { name: "Simulate" }).click();
  await page.waitForURL("**/states");
  await page.evaluate(() => document.querySelectorAll("main .toast").forEach((toast) => toast.remove()));
  await page.keyboard.press("z");
  await page.waitForFunction(() => document.querySelector("#toasts .toast")?.textContent.includes("is back"));
  check(true, "");
});

await story("search or run", desk, {}, async (page, check) => {
  await page.goto(base + "/");
  await page.keyboard.press("Control+k");
  check(await page.locator("#palette").evaluate((dialog) => dialog.open), "Ctrl K opens it");
  await page.keyboard.type("patches");
  await page.waitForFunction(() => document.querySelectorAll("#found [role=option]").length === 1);
  check(await page.locator("#found [aria-selected=true]").count() === 1, "the first result is picked");
  await page.locator("#palette input").fill("db");
  await page.waitForFunction(() => document.querySelectorAll("#found [role=option]").length > 2);
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("ArrowDown");
  const picked = await page.locator("#found [aria-selected=true]").textContent();
  check(picked.startsWith("db-01"), `arrows move over the results, at: ${picked}`);
  check(await page.locator("#palette input").getAttribute("aria-activedescendant") === "found-2", "the picked one is said");
  await page.keyboard.press("Enter");
  await page.waitForURL("**/assets");
  await page.locator(".find").click();
  await page.keyboard.press("Escape");
  check(!await page.locator("#palette").evaluate((dialog) => dialog.open), "Escape closes it");
  check((await focused(page)).startsWith("Search or run"), "the focus goes back");
});

await story("the sheet lists the keys of the page", desk, {}, async (page, check) => {
  await page.goto(base + "/incidents");
  await page.keyboard.press("?");
  const sheet = await page.locator("#keys").innerText();
  check(sheet.includes("Post update") && sheet.includes("Knowledge"), `the sheet says: ${sheet.slice(0, 80)}`);
  await page.locator("[data-letter-keys]").uncheck();
  await page.keyboard.press("Escape");
  await page.keyboard.press("u");
  check(path(page) === "/incidents", "single letters can be turned off");
  await page.reload();
  await page.keyboard.press("u");
  check(path(page) === "/incidents", "and stay off");
});

await story("output grows by itself", desk, {}, async (page, check) => {
  await page.goto(base + "/maintenance");
  const lines = () => page.locator("#output").evaluate((output) => output.textContent.trim().split("\n").length);
  const before = await lines();
  await page.waitForFunction((n) => document.querySelector("#output").textContent.trim().split("\n").length >= n, before + 2, { timeout: 30000 });
  const text = await page.locator("#output").textContent();
  check(/exact|\d+ …\n.*\d+ …\n/s.test(text), `each line once and whole: ${text}`);
});

await story("new rows wait", desk, {}, async (page, check) => {
  await page.goto(base + "/work");
  const rows = await page.locator("tbody tr").count();
  await page.waitForFunction(() => !document.querySelector(".fresh").hidden, null, { timeout: 30000 });
  check(/^\d+ new$/.test(await page.locator(".fresh").innerText()), "the line counts what is new");
  check(await page.locator("tbody tr").count() === rows, "no row jumped in");
  await page.getByRole("link", { name: "Older" }).click();
  check(await page.getByRole("link", { name: "Newer" }).count() === 1, "paging leads back");
});

await story("a stream that is refused at first is asked for again", desk, {}, async (page, check) => {
  let refused = 0;
  await page.route("**/live?*", (route) => (refused++ < 2 ? route.fulfill({ status: 503, body: "later" }) : route.continue()));
  await page.goto(base + "/work");
  await page.waitForFunction(() => !document.querySelector(".fresh").hidden, null, { timeout: 30000 });
  check(refused > 2, `it was asked for ${refused} times`);
  check(await page.locator("#lost").isHidden(), "nothing is said to be lost");
});

await story("a script that comes late listens all the same", desk, {}, async (page, check) => {
  await page.route("**/assets/app.*.js", async (route) => {
    await new Promise((done) => setTimeout(done, 1000));
    await route.continue();
  });
  await page.goto(base + "/work");
  await page.waitForFunction(() => !document.querySelector(".fresh").hidden, null, { timeout: 30000 });
  await page.goto(base + "/incidents");
  await page.locator("#clocks h2").evaluate((title) => { title.textContent = "stale"; });
  await page.evaluate(() => document.querySelector("#live").dispatchEvent(new CustomEvent("incident.2438", { bubbles: true })));
  await page.waitForFunction(() => document.querySelector("#clocks h2").textContent === "Clocks");
  check(await page.locator("#lost").isHidden(), "nothing is said to be lost");
});

await story("a page that nobody looks at listens to nothing, and catches up", desk, {}, async (page, check) => {
  const asked = [];
  page.on("request", (request) => { if (request.url().includes("/live?")) asked.push(request.url()); });
  await page.addInitScript(() => {
    window.looked = true;
    Object.defineProperty(document, "hidden", { get: () => !window.looked });
    window.look = (looked) => { window.looked = looked; document.dispatchEvent(new Event("visibilitychange")); };
  });
  await page.goto(base + "/work");
  const shown = () => page.locator("[data-number]").textContent();
  await page.waitForFunction(() => !document.querySelector(".fresh").hidden, null, { timeout: 30000 });
  await page.evaluate(() => window.look(false));
  // What was being fetched may still come; after that nothing does, though something changes every half second.
  let [before, tries] = ["", 0];
  for (; tries < 10 && (await shown()) !== before; tries += 1) {
    before = await shown();
    await page.waitForTimeout(3000);
  }
  check(tries < 10, "it goes on changing while nobody looks");
  await page.evaluate(() => window.look(true));
  await page.waitForFunction((known) => document.querySelector("[data-number]").textContent !== known, before, { timeout: 30000 });
  check(/since=test-[1-9]/.test(asked.at(-1)), `it goes on where it was: ${asked.at(-1)}`);
});

await story("a region replaces itself", desk, {}, async (page, check) => {
  await page.goto(base + "/incidents");
  await page.locator("#clocks h2").evaluate((title) => { title.textContent = "stale"; });
  await page.evaluate(() => document.querySelector("#live").dispatchEvent(new CustomEvent("incident.2438", { bubbles: true })));
  await page.waitForFunction(() => document.querySelector("#clocks h2").textContent === "Clocks");
  check(await page.locator("#clocks").count() === 1, "exactly one region is left");
  await page.locator("#clocks h2").evaluate((title) => { title.textContent = "stale"; });
  await page.evaluate(() => document.querySelector("#live").dispatchEvent(new CustomEvent("missed", { bubbles: true })));
  await page.waitForFunction(() => document.querySelector("#clocks h2").textContent === "Clocks");
});

await story("the order of Tab is the order of reading", desk, {}, async (page, check) => {
  await page.goto(base + "/");
  await page.keyboard.press("Tab");
  check(await focused(page) === "Skip to content", "a skip link comes first");
  await page.keyboard.press("Enter");
  check(await page.evaluate(() => document.activeElement.id) === "main", "it leads to the content");
  await page.keyboard.press("Tab");
  check((await focused(page)).startsWith("Everyone"), "then the actions of the page");
});

await story("what is on screen stays with its age when the server is gone", desk, {}, async (page, check) => {
  await page.goto(base + "/work");
  await page.waitForFunction(() => !document.querySelector(".fresh").hidden, null, { timeout: 30000 });
  await page.context().setOffline(true);
  await page.waitForFunction(() => !document.querySelector("#lost").hidden, null, { timeout: 30000 });
  check((await page.locator("#lost").innerText()).includes("offline"), "it says so");
  check(await page.locator("tbody tr").count() === 8, "the rows stay");
  await page.context().setOffline(false);
  await page.evaluate(() => location.reload());
  await page.waitForFunction(() => document.querySelector("#lost")?.hidden);
});

await story("More opens on a phone", phone, {}, async (page, check) => {
  await page.goto(base + "/");
  await page.getByRole("button", { name: "More" }).tap();
  check(await page.locator("#more").isVisible(), "the rest of the entries is there");
  await page.locator("#more").getByRole("link", { name: "Maintenance" }).tap();
  await page.waitForURL("**/maintenance");
  check(await page.locator("kbd:visible").count() === 0, "no keys are shown on phones");
});

await story("everything works without script", desk, { javaScriptEnabled: false }, async (page, check) => {
  await page.goto(base + "/");
  await page.locator(".find").click();
  check(path(page) === "/find", "the palette's button leads to a page");
  await page.locator("main input[name=q]").fill("db");
  await page.getByRole("button", { name: "Look" }).click();
  check(await page.getByRole("link", { name: /^db-01/ }).count() === 1, "it finds");
  await page.goto(base + "/forms");
  await page.getByRole("button", { name: "Simulate" }).click();
  check(path(page) === "/states" && await page.locator("#toasts .toast").count() === 1, "a form posts and says what it did");
  await page.locator("#toasts button").first().click();
  check((await page.locator("#toasts .toast").textContent()).includes("is back"), "undo works");
  check(await page.locator("[data-copy]").isHidden(), "what needs script is not shown");
  await page.goto(base + "/settings");
  await page.getByRole("button", { name: "Dark" }).click();
  check(path(page) === "/settings", "choosing colours comes back");
  check(await page.locator("html").getAttribute("data-theme") === "dark", "dark is kept");
  check(await page.evaluate(() => getComputedStyle(document.body).color) === "rgb(236, 238, 237)", "dark is drawn");
  await page.getByRole("button", { name: "As my system" }).click();
  check(await page.locator("html").getAttribute("data-theme") === null, "and given up again");
  await page.goto(base + "/work");
  await page.getByRole("link", { name: "Older" }).click();
  check(await page.locator("tbody tr").count() === 8, "lists page");
});

await browser.close();
faults.forEach((fault) => console.log(fault));
console.log(`${stories} stories: ${faults.length} faults`);
process.exit(faults.length === 0 ? 0 : 1);
