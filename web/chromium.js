// Controls Debian's Chromium in headless mode over its debugging pipe, for screenshots and tests of pages.

const { spawn } = require("node:child_process");
const { mkdtempSync, rmSync } = require("node:fs");
const { tmpdir } = require("node:os");
const { join } = require("node:path");

const LIMIT_MS = 30_000;
const LOOK_EVERY_MS = 100;
const LOOKS = 100;
const FLAGS = [
  "--headless",
  "--remote-debugging-pipe",
  "--disable-gpu",
  "--hide-scrollbars",
  "--no-first-run",
  "--disable-sync",
  "--disable-background-networking",
  "--disable-component-update",
];

/** Runs a task with a browser that has a new, temporary profile. */
async function withBrowser(task) {
  const profile = mkdtempSync(join(tmpdir(), "chromium-"));
  const flags = [...FLAGS, `--user-data-dir=${profile}`];
  if (process.getuid() === 0) flags.push("--no-sandbox"); // its sandbox does not run as root
  const chromium = spawn("chromium", flags, { stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"] });
  const ended = new Promise((resolve) => {
    chromium.once("exit", () => resolve("Chromium ended before its task was done"));
    chromium.once("error", ({ message }) => resolve(`Chromium does not start: ${message}`));
  });
  try {
    const fail = (message) => Promise.reject(new Error(message));
    const late = pause(LIMIT_MS, { unref: true }).then(() => fail(`Chromium's task took more than ${LIMIT_MS} ms`));
    return await Promise.race([task(connect(chromium)), ended.then(fail), late]);
  } finally {
    chromium.kill("SIGTERM"); // it first ends its children, which would still write to the profile
    await Promise.race([ended, pause(5_000, { unref: true }).then(() => chromium.kill("SIGKILL"))]);
    await ended;
    await remove(profile);
  }
}

/** Removes a folder to which a child of Chromium may still write. Node's own retries do not list the folder again. */
async function remove(folder) {
  for (let tries = 1; ; tries++) {
    try {
      return rmSync(folder, { recursive: true, force: true });
    } catch (error) {
      if (error.code !== "ENOTEMPTY" || tries === 50) throw error;
      await pause(100);
    }
  }
}

/** Speaks Chromium's debugging protocol over its pipe: JSON messages, each followed by a zero byte. */
function connect(chromium) {
  const [, , , commands, answers] = chromium.stdio;
  const waiting = new Map();
  const listeners = new Map();
  let last = 0;
  let rest = "";

  commands.on("error", () => {}); // the code that ended Chromium reports the reason
  answers.setEncoding("utf8").on("data", (chunk) => {
    const messages = (rest + chunk).split("\0");
    rest = messages.pop();
    for (const { id, method, params, result, error } of messages.map((text) => JSON.parse(text))) {
      if (id === undefined) listeners.get(method)?.(params);
      else if (error) waiting.get(id).reject(new Error(error.message));
      else waiting.get(id).resolve(result);
      waiting.delete(id);
    }
  });
  return {
    on: (event, listener) => listeners.set(event, listener),
    call: (method, params = {}, sessionId = undefined) =>
      new Promise((resolve, reject) => {
        waiting.set(++last, { resolve, reject });
        commands.write(`${JSON.stringify({ id: last, method, params, sessionId })}\0`);
      }),
  };
}

/** Opens a page. `requests` are the URLs that the page requested, `complaints` its errors. */
async function openPage(browser, url, { width = 1400, height = 900 } = {}) {
  const { targetId } = await browser.call("Target.createTarget", { url: "about:blank" });
  const { sessionId } = await browser.call("Target.attachToTarget", { targetId, flatten: true });
  const call = (method, parameters) => browser.call(method, parameters, sessionId);

  const seen = listen(browser);
  const loaded = new Promise((resolve) => browser.on("Page.loadEventFired", resolve));
  for (const domain of ["Network", "Runtime", "Log", "Page"]) await call(`${domain}.enable`);
  await call("Emulation.setDeviceMetricsOverride", { width, height, deviceScaleFactor: 1, mobile: false });
  const { errorText } = await call("Page.navigate", { url });
  if (errorText) throw new Error(`${url} cannot be opened: ${errorText}`);
  await loaded;
  return { ...seen, ...hands(call) };
}

/** Collects the requests and the errors of a page. */
function listen(browser) {
  const [requests, complaints] = [[], []];
  browser.on("Network.requestWillBeSent", ({ request }) => requests.push(request.url));
  browser.on("Network.webSocketCreated", (socket) => requests.push(socket.url));
  browser.on("Runtime.exceptionThrown", ({ exceptionDetails: { text, exception } }) =>
    complaints.push(exception?.description ?? text),
  );
  // These include violations of the page's content security policy.
  browser.on("Log.entryAdded", ({ entry }) => {
    if (entry.level === "error") complaints.push(`${entry.text} ${entry.url ?? ""}`);
  });
  return { requests, complaints };
}

/** Actions on a page. */
function hands(call) {
  /** Waits until an expression is truthy, and returns its value. */
  const until = async (what, expression) => {
    for (let look = 0; look < LOOKS; look++) {
      const { result } = await call("Runtime.evaluate", { expression, returnByValue: true });
      if (result.value) return result.value;
      await pause(LOOK_EVERY_MS);
    }
    throw new Error(`waited ${LOOKS * LOOK_EVERY_MS} ms in vain until ${what}`);
  };
  /** Waits for the element of a CSS selector, and clicks it. */
  const press = (selector) => {
    const find = `document.querySelector(${JSON.stringify(selector)})`;
    return until(`the page has a ${selector}`, `(() => { const it = ${find}; it?.click(); return it !== null; })()`);
  };
  const picture = async () => Buffer.from((await call("Page.captureScreenshot", { format: "png" })).data, "base64");
  return { until, press, picture };
}

/** The URLs on other hosts than the page's own. URLs inside the page (data:, blob:) do not count. */
function foreign(requests, url) {
  const home = new URL(url).host;
  return requests.filter((request) => {
    const { protocol, host } = new URL(request);
    return /^(https?|wss?):$/.test(protocol) && host !== home;
  });
}

function pause(milliseconds, { unref = false } = {}) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, Number(milliseconds));
    if (unref) timer.unref();
  });
}

module.exports = { foreign, openPage, pause, withBrowser };
