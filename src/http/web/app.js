// The page: which view is shown, and what is said about how fresh it is.

import { h, put, empty } from "./dom.js";
import { live, listen, start } from "./live.js";
import { ago, moment, MINUTE } from "./format.js";
import { get, Problem } from "./api.js";
import { overview } from "./view-overview.js";
import { brand } from "./view-brand.js";
import { alerts } from "./view-alerts.js";
import { rules } from "./view-rules.js";
import { sources } from "./view-sources.js";

const AGAIN = 1000; // least time between two looks at what changed
const QUIET = 10 * MINUTE; // no new post for this long is said

const main = document.getElementById("main"), banner = document.getElementById("banner"), unseen = document.getElementById("unseen");
let view = null, missed = 0, trouble = "";

// --- what is shown ---

function route() {
  const [path, query] = (location.hash.slice(1) || "/").split("?");
  const parts = path.split("/").slice(1).map((part) => { try { return decodeURIComponent(part); } catch { return part; } });
  const views = { "": ["Overview", overview], alerts: ["Alerts", alerts], rules: ["Rules", rules], sources: ["Sources", sources] };
  if (parts[0] === "brand" && parts[1]) return { title: parts[1], run: (v) => brand(v, parts[1], new URLSearchParams(query)) };
  const found = views[parts[0]];
  return found ? { title: found[0], run: found[1] } : { title: "Nothing here", run: async (v) => put(v.main, h("div", { class: "stack" }, h("h1", { tabindex: "-1" }, "Nothing here"), empty("There is no such view.", h("a", { href: "#/" }, "To the overview")))) };
}

function problem(error) {
  if (error.name === "AbortError") return;
  if (!(error instanceof Problem)) console.error(error);
  if (!main.querySelector("h1")) return put(main, empty("This cannot be shown now.", error.message));
  trouble = error.message;
  status();
}

async function show(event) {
  if (view) view.stop();
  const abort = new AbortController(), { title, run } = route();
  view = {
    main, signal: abort.signal, refresh: null, on: null, stop: () => abort.abort(),
    guard: (promise) => promise.then(() => (trouble = ""), problem),
  };
  document.title = title === "Overview" ? "hark" : `${title} · hark`;
  for (const link of document.querySelectorAll("#nav a")) {
    const here = link.getAttribute("href") === (location.hash.split("?")[0] || "#/");
    here ? link.setAttribute("aria-current", "page") : link.removeAttribute("aria-current");
  }
  if (location.hash === "#/alerts") missed = 0, showMissed();
  main.setAttribute("aria-busy", "true");
  await view.guard(run(view));
  main.removeAttribute("aria-busy");
  if (event) window.scrollTo(0, 0), main.querySelector("h1")?.focus({ preventScroll: true });
}

// --- news ---

let due = null, running = false;
function look() {
  if (due || !view || !view.refresh) return;
  due = setTimeout(async () => {
    due = null;
    if (running || document.hidden) return;
    running = true;
    await view.guard(view.refresh());
    running = false;
  }, AGAIN / 2);
}

function showMissed() {
  unseen.hidden = missed === 0;
  unseen.textContent = missed > 99 ? "99+" : String(missed);
}

function say(text) {
  if (banner.textContent === (text || "")) return;
  banner.textContent = text || "";
  banner.hidden = !text;
}

function status() {
  const box = document.getElementById("status"), text = document.getElementById("status-text");
  const now = Date.now(), age = live.latest ? now - live.latest : null, still = live.committed && now - live.committed < QUIET;
  let state = "good", words = "Live";
  if (!live.connected) [state, words] = ["bad", "Not connected"];
  else if (!live.redis) [state, words] = ["bad", "No data"];
  else if (!live.latest) [state, words] = ["idle", "Waiting for posts"];
  else if (age > QUIET && !still) [state, words] = ["idle", "Quiet"];
  box.className = `status ${state}`;
  if (text.textContent !== words) text.textContent = words;
  box.title = live.latest ? `Newest post: ${moment(live.latest)}` : "";
  if (!live.connected) say(live.seen ? "The connection to hark is lost; the numbers are as of then. Trying again." : "");
  else if (!live.redis) say("hark does not reach Redis: the numbers are as of before. They go on by themselves when it is back.");
  else if (trouble) say(trouble);
  else if (age > QUIET && !still) say(`No new posts since ${moment(live.latest)} (${ago(age)} ago). Shown is the time up to then.`);
  else if (age > QUIET) say(`History is being read: the newest post is of ${moment(live.latest)}. Shown is the time up to then.`);
  else say("");
}

listen((kind, data) => {
  if (kind === "alert" && location.hash !== "#/alerts") missed++, showMissed();
  if (view && view.on) view.on(kind, data);
  if (kind === "counts" || (kind === "connection" && data)) look();
  if (kind !== "counts" && kind !== "alert") status();
});

// --- start ---

window.addEventListener("hashchange", show);
document.addEventListener("visibilitychange", () => !document.hidden && look());
try {
  const known = await get("status");
  live.latest = Date.parse(known.latest) || null;
  live.committed = Date.parse(known.committed) || null;
  document.getElementById("version").textContent = `hark ${known.version}`;
} catch (error) {
  problem(error);
}
start();
show();
