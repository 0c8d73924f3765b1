// How the page draws a stream of 1, 4 and 64 partitions: node partitions.mjs FOLDER, where FOLDER is dashboard/. The documents are made here,
// as of processes that have some of the partitions, so that it needs none that work; what a real one tells is tests/partitions.bats'.
// Prints a line for each thing that holds, ends with 1 at the first that does not.
import assert from "node:assert/strict";
import {readFile} from "node:fs/promises";
import {launch} from "./browser.mjs";
import {WAIT, accessible, fits} from "./checks.mjs";

const [folder] = process.argv.slice(2);
const TYPES = {html: "text/html; charset=utf-8", js: "text/javascript; charset=utf-8", css: "text/css; charset=utf-8", svg: "image/svg+xml"};
const POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'";
const WHY = "the key {swapc.6}:messages holds something else: rename it";

// Of N partitions the even ones are here, with 10 a second each; number 6 is hindered; of odd ones Redis does not say all.
function part(k, n, second) {
  const here = k % 2 === 0, hindered = here && k === 6;
  return {number: k, here, state: hindered ? "failing" : here ? "working" : "elsewhere", server: `redis://redis-${k % (n > 8 ? 3 : 1)}.example:6379`,
    owner: here ? "" : "host-b-4711", ...(hindered ? {why: WHY} : {}), done: here ? 10 * second : 0, errors: 0, in_hand: here ? 2 : 0,
    messages: 9, ...(here ? {lag: 5} : {}), pending: 3, dead: k === 2 ? 1 : 0};
}

function verifier(n, second) {
  const why = n > 6 ? `partition 6 is hindered: ${WHY}` : "";
  return {id: "0", address: "127.0.0.1:9464", role: "verifier", version: "0.2.0", pid: 1, uptime_ms: 1000 * second, serving: !why, draining: false,
    reason: why, redis_up: true, peer_up: true, controls: false, cpu_s: second / 10, resident_bytes: 3e7, threads: 9,
    streams: {messages: 9 * n, lag: 5 * n, pending: 3 * n, added: 10 * second, verdicts: 10 * second, dead: 1, redis_bytes: 1e6},
    ...(n > 1 ? {parts: Array.from({length: n}, (_, k) => part(k, n, second))} : {}),
    verifier: {workers: 2, unstored: 0, valid: 10 * second, not_valid: 0, errors: 0, unknown_keys: 0, last_error: "", judged: 10 * second, publishes: 0,
      age: [[40, 10 * second]], ring_used: 0, ring_capacity: 0, slots: [], swaps: []}};
}

async function serve(page, n) {
  let second = 0;
  await page.route("**/*", async (route) => {
    const path = new URL(route.request().url()).pathname;
    if (path === "/api/events") {
      second++;
      const body = `retry: 50\ndata: ${JSON.stringify({now_us: 1e15 + second * 1e6, processes: [verifier(n, second)]})}\n\n`;
      return route.fulfill({contentType: "text/event-stream", body});
    }
    const file = path === "/" ? "index.html" : path.slice(1);
    return route.fulfill({contentType: TYPES[file.split(".").pop()], body: await readFile(`${folder}/${file}`),
      headers: {"Content-Security-Policy": POLICY}});
  });
}

const tile = (page, title) => page.locator("#parts dl > div", {hasText: title}).locator("dd > span").innerText();
const cells = (page, k) => page.locator(`#parts tr[data-key="${k}"]`).locator("th, td").allInnerTexts();

async function shows(page, n) {
  await page.waitForFunction(() => document.querySelector("#health").textContent !== "connecting …", null, WAIT);
  const titles = await page.locator("#flow > .node > b").allInnerTexts();
  assert.ok(titles.includes("Redis: signed") && !titles.includes("Ring"), "what no ring carries is not drawn as one");
  assert.ok(!await page.locator("#flow meter").isVisible());
  if (n === 1) return assert.ok(!await page.locator("#partitions").isVisible(), "no partitions are drawn where there are none");
  await page.waitForFunction(() => [...document.querySelectorAll("#parts td")].some((td) => td.textContent === "10"), null, WAIT);
  assert.equal(await page.locator("#parts tbody tr").count(), n);
  assert.equal(await tile(page, "Partitions here"), `${n / 2} of ${n}`);
  assert.equal(await tile(page, "Done a second"), String(10 * n / 2));
  assert.equal(await tile(page, "Unread"), String(5 * n / 2));
  assert.match(await page.locator("#parts dl > div", {hasText: "Unread"}).innerText(), /of – in all/);
  assert.equal(await tile(page, "Pending"), String(3 * n / 2));
  assert.equal(await tile(page, "Dead letters"), "1");
  assert.deepEqual((await cells(page, 2)).slice(0, 8), ["2", "working", "10", "5", "3", "1", "2", "this process"]);
  assert.deepEqual((await cells(page, 3)).slice(0, 8), ["3", "elsewhere", "–", "–", "3", "0", "–", "host-b-4711"]);
  assert.equal(await page.locator("#parts thead th").last().isVisible(), n > 8, "servers have a column where there are several");
  if (n < 7) return assert.equal(await tile(page, "Hindered"), "none");
  assert.equal(await tile(page, "Hindered"), "1");
  assert.equal(await page.locator("#parts ul.hindered").innerText(), `Partition 6: ${WHY}`);
  assert.equal(await page.locator("#parts tbody tr").first().getAttribute("data-key"), "6", "what is hindered comes first");
  assert.match(await page.locator("#banner").innerText(), /partition 6 is hindered/);
}

const phone = {viewport: {width: 360, height: 780}, isMobile: true, hasTouch: true};
const browser = await launch();
const light = {colorScheme: "light"}, dark = {colorScheme: "dark"};
for (const [n, what, axe, options] of [[1, "one", false, {}], [4, "four, light", true, light],
  [64, "64 on a phone, dark", true, {...phone, ...dark}]]) {
  const {page, errors, close} = await browser.open(options);
  await serve(page, n);
  await page.goto("http://swapc.test/");
  await shows(page, n);
  if (axe) await accessible(page, what);
  await fits(page, what);
  assert.deepEqual(errors, [], `${what}: nothing on the console`);
  await close();
  console.log(`ok ${what}`);
}
await browser.close();
