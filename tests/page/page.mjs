// The page in a real browser, on processes that work: node page.mjs URL TOKEN GOOD_BUNDLE WRONG_BUNDLE. Prints a
// line for each thing that holds, ends with 1 at the first that does not. When it has printed "ready to lose it",
// whoever runs it ends the process that serves, and starts it again once it has printed "lost".
import assert from "node:assert/strict";
import {open} from "./browser.mjs";
import {WAIT, accessible, fits, outcome} from "./checks.mjs";

const [url, token, good, wrong] = process.argv.slice(2);

const tile = (page, key) => page.locator(`[data-tile=${key}] > span`).innerText();
const count = (text) => Number(text.replace(/[^0-9.]/g, ""));
const generation = (page) => page.locator("#slots tr", {hasText: "schnorr"}).locator("td").nth(2).innerText();

async function valuesMove(page) {
  await page.waitForFunction(() => /[1-9]/.test(document.querySelector("[data-tile=rate]")?.textContent || ""), null, WAIT);
  const before = count(await tile(page, "valid"));
  await page.waitForFunction((b) =>
    Number(document.querySelector("[data-tile=valid] > span").textContent.replace(/[^0-9]/g, "")) > b, before, WAIT);
  assert.match(await tile(page, "p99"), /^[0-9.]+ (µs|ms|s)$/);
  assert.ok(await page.locator(".arrow.moves").count() >= 3, "arrows move");
  assert.match(await page.locator("#chart-rate").getAttribute("aria-label"), /now [0-9]/);
}

// Reaches the button with the Tab key alone.
async function tabTo(page, selector) {
  for (let i = 0; i < 40; i++) {
    await page.keyboard.press("Tab");
    if (await page.evaluate((s) => document.activeElement.matches(s), selector)) return;
  }
  assert.fail(`Tab does not reach ${selector}`);
}

async function controls(page) {
  const before = count(await generation(page));
  await page.fill("#path", good);
  await page.click("button[data-action=swap]");
  await outcome(page, "Give the token");
  await page.fill("#token", "0".repeat(64));
  await page.locator("#slot").selectOption({label: "schnorr"});
  await page.fill("#token", token);
  await page.click("button[data-action=check]");
  await outcome(page, "It would be taken");
  assert.equal(count(await generation(page)), before);
  await page.click("button[data-action=swap]");
  await outcome(page, `Done: generation ${before + 1}`);
  await page.waitForFunction((g) => [...document.querySelectorAll("#slots tr")].some((tr) =>
    tr.dataset.key.endsWith(" schnorr") && tr.children[3].textContent === g), String(before + 1), WAIT);
  assert.equal(count(await generation(page)), before + 1);
  await page.fill("#path", wrong);
  await page.keyboard.press("Enter"); // in the form: swaps
  await outcome(page, "Refused at self-test [CONTRACT]");
  await page.waitForSelector("#swaps li.refused", WAIT);
  assert.match(await page.locator("#swaps li.refused").first().innerText(), /refused at self-test \[CONTRACT\]/);
  await page.focus("h1");
  await page.evaluate(() => document.activeElement.blur());
  await tabTo(page, "button[data-action=rollback]");
  await page.keyboard.press("Space");
  await outcome(page, `Done: generation ${before + 2}`);
}

async function look(options, what, more) {
  const {page, errors, close} = await open(options);
  await page.goto(url);
  await valuesMove(page);
  await accessible(page, what);
  await fits(page, what);
  if (more) await more(page);
  assert.deepEqual(errors, [], `${what}: nothing on the console`);
  await close();
  console.log(`ok ${what}`);
}

async function goneAndBack() {
  const {page, close} = await open();
  await page.goto(url);
  await valuesMove(page);
  console.log("ready to lose it");
  await page.waitForSelector("#banner:not([hidden])", WAIT);
  assert.match(await page.locator("#banner").innerText(), /Nothing was heard of this process since/);
  assert.equal(await page.locator("#health").innerText(), "no answer");
  console.log("lost");
  await page.waitForSelector("#banner[hidden]", {state: "attached", ...WAIT});
  assert.equal(await page.locator("#health").innerText(), "serving");
  await close();
  console.log("ok gone and back");
}

await look({colorScheme: "light"}, "light", controls);
await look({colorScheme: "dark"}, "dark");
await look({viewport: {width: 360, height: 780}, isMobile: true, hasTouch: true}, "phone");
await goneAndBack();
