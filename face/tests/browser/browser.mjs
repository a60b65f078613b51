// The browser of the tests: the system's Chromium in a folder of its own, and pages that keep what the console says.

import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";

export const screens = [
  { name: "desk", width: 1440, height: 900, isMobile: false, hasTouch: false, deviceScaleFactor: 1 },
  { name: "phone", width: 390, height: 844, isMobile: true, hasTouch: true, deviceScaleFactor: 2 },
];

export function launch() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    env: { ...process.env, HOME: mkdtempSync(join(tmpdir(), "mainstay-browser-")) },
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
      "--disable-component-update", "--disable-sync"],
  });
}

export async function opened(browser, screen, theme = "light", more = {}) {
  const { width, height, isMobile, hasTouch, deviceScaleFactor } = screen;
  const context = await browser.newContext({
    viewport: { width, height }, isMobile, hasTouch, deviceScaleFactor, colorScheme: theme, ...more,
  });
  const page = await context.newPage();
  const messages = [];
  page.on("console", (message) => messages.push(`console ${message.type()}: ${message.text()}`));
  page.on("pageerror", (error) => messages.push(`error: ${error.message}`));
  page.on("requestfailed", (request) => {
    // Leaving a page ends what it was still loading, its live stream for one.
    if (request.failure()?.errorText !== "net::ERR_ABORTED") messages.push(`failed: ${request.url()} ${request.failure()?.errorText}`);
  });
  return { context, page, messages };
}
