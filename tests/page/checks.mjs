// What is looked for on each page.
import assert from "node:assert/strict";
import {readFile} from "node:fs/promises";
import {axe} from "./browser.mjs";

export const WAIT = {timeout: 300000};

export const outcome = (page, start) => page.waitForFunction(
  (s) => document.querySelector("#outcome").textContent.startsWith(s), start, WAIT);

export async function accessible(page, what) {
  await page.evaluate(await readFile(axe, "utf8"));
  const result = await page.evaluate(() => window.axe.run(document, {
    runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}));
  assert.deepEqual(result.violations.map((v) => `${what}: ${v.id}: ${v.nodes.map((n) => n.target).join(" ")}`), []);
}

export async function fits(page, what) {
  const wide = await page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth);
  assert.ok(!wide, `${what}: the page is no wider than the window`);
}
