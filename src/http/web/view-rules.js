// The rule set: what there is, how often it hits, and the state of its tests.

import { get } from "./api.js";
import { h, put, empty, table, said } from "./dom.js";
import { num, iso, plural } from "./format.js";
import { sparkline, hue } from "./chart.js";
import { anchor } from "./state.js";

const tests = (t) => (t.count === 0 ? h("span", { class: "quiet" }, "none") : t.failed ? h("span", { class: "down" }, `${num(t.failed)} of ${num(t.count)} fail`) : h("span", {}, `${num(t.count)} pass`));
const week = (rule) => sparkline(rule.days.map((n) => n || 0), `Last 7 days: ${rule.days.map(num).join(", ")}`);

function brand(b) {
  return h("section", { class: "rule" },
    h("div", { class: "section-head" }, h("h2", {}, h("a", { href: `#/brand/${encodeURIComponent(b.name)}` }, b.name)),
      h("p", { class: "quiet" }, "for ", said(b.team), " · ", h("code", {}, `${b.file}:${b.line}`), " · tests: ", tests(b.tests))),
    b.prefiltered ? null : h("p", { class: "note" }, "Costly: every post is read in full for this brand, because of ", h("code", {}, said(b.because)), "."),
    table(`Rules of ${b.name}`, [
      { name: "Intent", get: (r) => h("span", { class: `tag i${hue(r.intent)}` }, r.intent) },
      { name: "Today", num: true, get: (r) => num(r.days[6]) },
      { name: "A day, this week", num: true, get: (r) => num(Math.round(r.days.reduce((a, n) => a + n, 0) / 7)) },
      { name: "7 days", class: "spark-cell", get: week },
      { name: "Alerts", get: (r) => b.alerts.filter((a) => a.on === r.intent).map((a) => h("span", { class: `severity ${a.severity}` }, a.severity)) },
    ], b.rules));
}

function failures(list) {
  return h("section", { "aria-label": "Failing tests" }, h("h2", {}, "Tests that fail"), table("Tests that fail", [
    { name: "Of", get: (f) => f.of },
    { name: "Post", get: (f) => said(f.post) },
    { name: "Expected", get: (f) => f.expected.join(", ") || "nothing" },
    { name: "Actual", get: (f) => (f.named ? f.actual.join(", ") || "nothing" : "not named") },
    { name: "Where", get: (f) => h("code", {}, `${f.file}:${f.line}`) },
  ], list));
}

export async function rules(view) {
  const lead = h("p", { class: "lead" }), body = h("div", { class: "stack" });
  put(view.main, h("div", { class: "stack" }, h("div", { class: "title" }, h("h1", { tabindex: "-1" }, "Rules"), lead), body));
  view.refresh = async () => {
    const data = await get("rules", { at: iso(anchor()), limit: 100 }, view.signal);
    if (!data.loaded) {
      lead.replaceChildren(data.counting ? "Counting goes by rule set " : "Nothing counts yet.", data.counting ? h("code", {}, data.counting) : "");
      put(body, empty("The rules are not shown here.", h("span", {}, "Start ", h("code", {}, "hark serve --rules DIR"), " with the folder that the matcher uses.")));
      return;
    }
    lead.replaceChildren(`${plural(data.count, "brand")}, ${plural(data.intents.length, "intent")}, rule set `, h("code", {}, data.version));
    put(body,
      data.counting && data.counting !== data.version ? h("p", { class: "note" }, "Counting goes by another rule set, ", h("code", {}, data.counting), ": the files changed since the matcher or this server started.") : null,
      data.failures.length ? failures(data.failures) : null,
      data.brands.map(brand),
      data.count > data.brands.length ? h("p", { class: "quiet" }, `The first ${num(data.brands.length)} of ${num(data.count)} brands.`) : null,
      h("section", { "aria-label": "Intents" }, h("h2", {}, "Intents"), table("Intents", [
        { name: "Intent", get: (i) => h("span", { class: `tag i${hue(i.name)}` }, i.name) },
        { name: "What it finds", class: "prose", get: (i) => i.about || "" },
        { name: "Phrases", class: "prose", get: (i) => Object.entries(i.phrases).map(([code, n]) => `${code} ${num(n)}`).join(", ") },
        { name: "Tests", get: (i) => tests(i.tests) },
        { name: "Where", get: (i) => h("code", {}, `${i.file}:${i.line}`) },
      ], data.intents)));
  };
  await view.refresh();
}
