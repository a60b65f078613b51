// What happens while somebody looks: a host is brought in over the agents' own protocol, a plan is made for it in the
// browser, and everything that follows appears in the open pages without a reload.

import { createHash } from "node:crypto";

const seen = (value) => JSON.stringify({ value, unseen: [] });

// A host that we play: enrolled with the line of the page "Add a host", speaking as agents do.
export class Host {
  constructor(base, key) { this.base = base; this.key = key; this.seq = 0; }

  static async enrol(base, token, name) {
    const machine = { name, machine_id: name, os: "debian", os_name: "Debian 12", architecture: "x86_64", agent: "0.1.0" };
    const enrol = { protocol: 1, token, nonce: name, machine };
    const answer = await fetch(`${base}/api/v1/agent/enrol`, { method: "POST", body: JSON.stringify(enrol), headers: { "content-type": "application/json", authorization: "Bearer none" } });
    if (!answer.ok) throw new Error(`enrolment: ${answer.status} ${await answer.text()}`);
    return new Host(base, (await answer.json()).key);
  }

  async say(path, body) {
    const headers = { authorization: `Bearer ${this.key}`, "content-type": "application/json" };
    const answer = await fetch(`${this.base}/api/v1/agent/${path}`, body ? { method: "POST", headers, body: JSON.stringify(body) } : { headers });
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return answer.json();
  }

  // Tells of one section.
  report(section, value) {
    const content = seen(value);
    const hash = createHash("sha256").update(content).digest("hex");
    this.seq += 1;
    const item = `{"seq":${this.seq},"at_ms":${Date.now()},"section":"${section}","hash":"${hash}","content":${content}}`;
    const body = JSON.parse(`{"protocol":1,"spool_id":"walk","sent_at_ms":${Date.now()},"items":[${item}]}`);
    return this.say("report", body);
  }

  async order() {
    for (let tries = 0; tries < 30; tries += 1) {
      const { orders } = await this.say("orders?wait_s=1");
      if (orders.length > 0) return { ...orders[0], offset: 0 };
    }
    throw new Error("no order came");
  }

  async write(order, chunk, result) {
    const done = result && { state: "succeeded", summary: "1 step", code: 0, ended_at_ms: Date.now(), result };
    await this.say("output", { order_id: order.id, fence: order.fence, offset: order.offset, chunk, ...(done ? { done } : {}) });
    order.offset += Buffer.byteLength(chunk);
  }
}

const waiting = (names) => ({
  updates: names.map((name) => ({
    name, arch: "amd64", installed: "1.0", candidate: "1.1", source: name, source_version: "1.1", origins: [], is_security: true,
    download_bytes: 10, waiting: { basis: "since-first-seen" },
  })),
  arriving: [], leaving: [], kept_back: [], lists: [],
});

// Waits until `ask` holds in the page, and says so when it does not. No page is ever reloaded here.
async function becomes(faults, what, ask) {
  for (let tries = 0; tries < 400; tries += 1) {
    if (await ask().catch(() => false)) return true;
    await new Promise((done) => setTimeout(done, 150));
  }
  faults.push(`live: ${what}`);
  return false;
}

export async function live(context, base, faults) {
  context.setDefaultTimeout(120000);
  const open = async (path) => {
    const page = await context.newPage();
    await page.goto(base + path, { waitUntil: "load" });
    await page.evaluate(() => { window.stayed = true; });
    return page;
  };
  const text = (page, selector = "main") => page.locator(selector).first().innerText();

  const add = await open("/assets/add");
  await add.click("main button");
  const token = (await text(add, ".copy code")).match(/--token (\S+)/)[1];
  // Each open page holds one of the six connections that a browser allows to one server: pages go when they are done.
  await add.close();
  const [assets, findings] = [await open("/assets"), await open("/findings")];
  const before = await findings.locator("main [id^=r-]").count();
  const host = await Host.enrol(base, token, "walked-host");
  await becomes(faults, "a new asset is announced in the open list", async () => /1 new/.test(await text(assets, ".fresh")));
  await host.report("updates", waiting(["walked-lib", "walked-tool"]));
  await becomes(faults, "new findings wait behind a line", async () => /2 new/.test(await text(findings, ".fresh")));
  if (await findings.locator("main [id^=r-]").count() !== before) faults.push("live: a new finding jumped into the list");
  await findings.locator(".fresh").click();
  await findings.waitForLoadState("load");
  const first = await findings.getByRole("link", { name: /walked-lib/ }).first().getAttribute("href");
  await findings.close();
  const finding = await open(first);

  await assets.locator(".fresh").click();
  await assets.waitForLoadState("load");
  const path = await assets.getByRole("link", { name: "walked-host" }).getAttribute("href");
  await assets.close();
  const asset = await open(path);
  await asset.getByRole("button", { name: "Plan updates" }).click();
  await asset.waitForURL(/\/maintenance\/plans\//);
  const plan = asset;
  await plan.evaluate(() => { window.stayed = true; });
  await becomes(faults, "the finding's open page says planned", async () => /planned/.test(await text(finding)));

  const order = await host.order();
  const run = await open(await plan.getByRole("link", { name: "simulate", exact: true }).first().getAttribute("href"));
  const output = async () => run.locator("#output").evaluate((pre) => pre.textContent);
  await host.write(order, "Reading package lists\n");
  await becomes(faults, "a run's output appears", async () => (await output()) === "Reading package lists\n");
  for (let line = 0; line < 40; line += 1) await host.write(order, `line ${line} — ümlaut\n`);
  const whole = `Reading package lists\n${[...Array(40).keys()].map((line) => `line ${line} — ümlaut\n`).join("")}`;
  await becomes(faults, "output comes whole and in order", async () => (await output()) === whole);
  await context.setOffline(true);
  await host.write(order, "while the line was down\n");
  await new Promise((done) => setTimeout(done, 1500));
  if ((await output()) !== whole) faults.push("live: output arrived while the browser was offline");
  await context.setOffline(false);
  await becomes(faults, "output goes on after a break", async () => (await output()) === `${whole}while the line was down\n`);
  const step = { action: "upgrade", name: "walked-lib", architecture: "amd64", old: "1.0", new: "1.1", origins: [] };
  await host.write(order, "done\n", { steps: [step], hash: "abc" });
  await becomes(faults, "the run's end appears", async () => /succeeded/.test(await text(run)));
  await becomes(faults, "the last line is there", async () => (await output()) === `${whole}while the line was down\ndone\n`);
  await becomes(faults, "the plan's page offers approval", async () => /Approve it/.test(await text(plan)));

  // A window that cannot be is said under its field, and what was typed stays.
  await plan.fill("[name=from]", "2031-01-02T03:00");
  await plan.fill("[name=until]", "2031-01-02T02:00");
  await plan.getByRole("button", { name: "Approve" }).click();
  await plan.waitForLoadState("load");
  if (!/window must end after/.test(await plan.locator("#f-until-fault").innerText().catch(() => ""))) faults.push("live: a wrong window is not said under its field");
  if (await plan.inputValue("[name=from]") !== "2031-01-02T03:00") faults.push("live: a typed window was lost");

  for (const page of [finding, run]) {
    if (!await page.evaluate(() => window.stayed)) faults.push(`live: ${page.url()} was loaded again`);
  }
  for (const page of [finding, run, plan]) await page.close();

  // Somebody else changes an item while we type in its page; typed words stay, the change appears.
  const item = await open("/work/new");
  await item.fill("[name=title]", "Watched item");
  await item.click("main button");
  await item.waitForURL(/\/work\/\d+$/);
  await item.evaluate(() => { window.stayed = true; });
  const list = await open("/work");
  const other = await open(new URL(item.url()).pathname);
  await item.fill("textarea[name=text]", "half a thought");
  await other.fill("textarea[name=text]", "from the other side");
  await Promise.all([other.waitForNavigation(), other.getByRole("button", { name: "Add note" }).click()]);
  await becomes(faults, "another's note appears in the open page", async () => /from the other side/.test(await text(item)));
  if (await item.inputValue("textarea[name=text]") !== "half a thought") faults.push("live: what was typed was lost");
  await other.fill("[name=title]", "Watched item, renamed");
  await Promise.all([other.waitForNavigation(), other.getByRole("button", { name: "Save" }).click()]);
  await becomes(faults, "a renamed item changes in the open list", async () => /renamed/.test(await text(list)));
  for (const page of [item, list]) {
    if (!await page.evaluate(() => window.stayed)) faults.push(`live: ${page.url()} was loaded again`);
  }
  for (const page of context.pages()) await page.close();
}
