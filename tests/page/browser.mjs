// Starts the machine's Chromium through playwright-core, which tests/page/run.sh has put on NODE_PATH's place.
import {createRequire} from "node:module";

const require = createRequire(`${process.env.PAGE_PACKAGES}/`);
const {chromium} = require("playwright-core");

export const axe = require.resolve("axe-core/axe.min.js");

// One browser for several pages. open's options: as of playwright's newContext; errors: what the page wrote to its console as an error.
export async function launch() {
  const browser = await chromium.launch({
    executablePath: process.env.PAGE_CHROMIUM,
    args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"],
  });
  async function open(options = {}) {
    const context = await browser.newContext({bypassCSP: false, ...options});
    const page = await context.newPage();
    const errors = [];
    page.on("console", (m) => { if (m.type() === "error") errors.push(m.text()); });
    page.on("pageerror", (e) => errors.push(String(e)));
    return {page, context, errors, close: () => context.close()};
  }
  return {open, close: () => browser.close()};
}

// A page in a browser of its own.
export async function open(options = {}) {
  const browser = await launch();
  return {...await browser.open(options), close: browser.close};
}
