// Walks through the gallery in a real browser: every page, both themes, phone and desk. Fails on the first set of
// faults found: axe violations, console messages, failed requests, content wider than the screen.
// Usage: node walk.mjs BASE_URL [FOLDER_FOR_PICTURES]

import { readFileSync, mkdirSync } from "node:fs";
import { createRequire } from "node:module";
import { launch, opened, screens } from "./browser.mjs";

const require = createRequire(import.meta.url);
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const [base, pictures] = process.argv.slice(2);
if (pictures) mkdirSync(pictures, { recursive: true });

const pages = {
  home: "/", work: "/work", asset: "/assets", incident: "/incidents", run: "/maintenance", states: "/states",
  forms: "/forms", find: "/find?q=db", status: "/status", "sign-in": "/sign-in", "not-found": "/nowhere",
  "fault-outside": "/fault/outside",
};

const faults = [];
const browser = await launch();
for (const screen of screens) {
  for (const theme of ["light", "dark"]) {
    const { context, page, messages } = await opened(browser, screen, theme);
    for (const [name, path] of Object.entries(pages)) {
      const where = `${name} ${screen.name} ${theme}`;
      messages.length = 0;
      await page.goto(base + path, { waitUntil: "load" });
      await page.evaluate(() => document.fonts.ready);
      if (pictures) await page.screenshot({ path: `${pictures}/${name}-${screen.name}-${theme}.png` });
      // The policy of the page forbids foreign script; the tester's own comes in beside it.
      await page.evaluate(axe);
      // The markup is the same in the dark; only its colours are another question.
      const rules = theme === "dark" ? { runOnly: ["color-contrast", "link-in-text-block"] } : {};
      const { violations } = await page.evaluate(
        (more) => globalThis.axe.run(document, { resultTypes: ["violations"], ...more }), rules);
      for (const violation of violations) {
        const nodes = violation.nodes.slice(0, 3).map((node) => `${node.target} ${node.failureSummary.replace(/\s+/g, " ")}`);
        faults.push(`${where}: axe ${violation.id}: ${nodes.join(" | ")}`);
      }
      // A phone's browser widens its window to fit: the width that counts is the one it was given.
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth) - screen.width;
      if (overflow > 0) faults.push(`${where}: ${overflow} px wider than the screen`);
      // A page that is not there says so in the console by itself.
      const said = messages.filter((text) => !/status of (404|500)/.test(text));
      faults.push(...said.map((text) => `${where}: ${text}`));
    }
    await context.close();
  }
}
await browser.close();
faults.forEach((fault) => console.log(fault));
console.log(`${Object.keys(pages).length} pages, ${screens.length} screens, 2 themes: ${faults.length} faults`);
process.exit(faults.length === 0 ? 0 : 1);
