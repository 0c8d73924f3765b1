// The page of a `swapc process` in a real browser: node entries.mjs URL STANDBY_URL TOKEN GOOD_BUNDLE WRONG_BUNDLE, where
// entries flow through the first, and the second stands by. Prints a line for each thing that holds, ends with 1 at the first that does not.
import assert from "node:assert/strict";
import {open} from "./browser.mjs";
import {WAIT, accessible, fits, outcome} from "./checks.mjs";

const [url, standby, token, good, wrong] = process.argv.slice(2);

async function flows(page) {
  await page.waitForSelector("#entries .arrow.moves", WAIT);
  await page.waitForFunction(() => /[1-9]/.test(document.querySelector("[data-tile=outputs] > span")?.textContent || ""), null, WAIT);
  const nodes = await page.locator("#entries .node b").allInnerTexts();
  assert.deepEqual(nodes, ["Redis: orders", "Process", "Redis: priced", "Errors: orders:dead"]);
  assert.match(await page.locator("#entries .node").nth(1).innerText(), /echo .* · wasmtime, generation \d+/);
  assert.ok(!await page.locator("#flow").isVisible(), "no pipeline of messages is drawn");
  assert.match(await page.locator("#chart-rate").getAttribute("aria-label"), /^Entries a second: now /);
}

async function swaps(page) {
  await page.locator("#slot").selectOption({label: "echo"});
  await page.fill("#token", token);
  await page.fill("#path", good);
  await page.click("button[data-action=swap]");
  await outcome(page, "Done: generation 2");
  await page.waitForFunction(() => document.querySelector("#entries").textContent.includes("generation 2"), null, WAIT);
  await page.fill("#path", wrong);
  await page.click("button[data-action=swap]");
  await outcome(page, "Refused at");
  await page.waitForSelector("#swaps li.refused", WAIT);
  await page.waitForSelector("#swaps li.done", WAIT);
}

async function look(at, options, what, more) {
  const {page, errors, close} = await open(options);
  await page.goto(at);
  await more(page);
  await accessible(page, what);
  await fits(page, what);
  assert.deepEqual(errors, [], `${what}: nothing on the console`);
  await close();
  console.log(`ok ${what}`);
}

await look(url, {colorScheme: "dark"}, "entries", async (page) => {
  await flows(page);
  await swaps(page);
});
await look(standby, {viewport: {width: 360, height: 780}, isMobile: true, hasTouch: true}, "standby on a phone", async (page) => {
  await page.waitForSelector("#entries .node.idle", WAIT);
  assert.match(await page.locator("#entries .node.idle").innerText(), /stands by: another process reads/);
  assert.match(await page.locator("#processes").innerText(), /standing by/);
});
