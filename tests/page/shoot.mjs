// Screenshots of a running page, for people to look at, and docs/page.png: node shoot.mjs URL FOLDER [TOKEN GOOD WRONG]
// with a bundle that the slot takes, and one that it does not.
import {open} from "./browser.mjs";

const [url, folder, token, good, wrong] = process.argv.slice(2);
const views = [
  {name: "light", colorScheme: "light", width: 1280, height: 1000, seconds: 45},
  {name: "dark", colorScheme: "dark", width: 1280, height: 1000, seconds: 5},
  {name: "phone", colorScheme: "light", width: 390, height: 844, seconds: 5},
];
for (const view of views) {
  const {page, close} = await open({colorScheme: view.colorScheme, viewport: {width: view.width, height: view.height}});
  await page.goto(url);
  if (token && view.name === "light") {
    await page.waitForSelector("#slot option", {state: "attached"});
    await page.selectOption("#slot", {label: "schnorr"});
    await page.fill("#token", token);
    for (const [bundle, end] of [[wrong, "Refused"], [good, "Done"]]) {
      await page.fill("#path", bundle);
      await page.click("button[data-action=swap]");
      await page.waitForFunction((s) => document.querySelector("#outcome").textContent.startsWith(s), end);
    }
  }
  await page.waitForTimeout(view.seconds * 1000);
  await page.screenshot({path: `${folder}/${view.name}.png`, fullPage: true});
  await close();
}
