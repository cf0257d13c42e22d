// The rule set: what there is, how often it hits, what it costs, and the state of its tests.

import { get } from "./api.js";
import { h, put, empty, table, said, finder, asTable, redraw } from "./dom.js";
import { num, iso, plural, share, ago, time, day, DAY } from "./format.js";
import { sparkline, hue } from "./chart.js";
import { anchor } from "./state.js";

const FIRST = 25, MOST = 1000, FEW = 12; // brands

const tests = (t) => (t.count === 0 ? h("span", { class: "quiet" }, "none") : t.failed ? h("span", { class: "down" }, `${num(t.failed)} of ${num(t.count)} fail`) : h("span", { class: "one-line" }, `${num(t.count)} pass`));
const week = (rule) => sparkline(rule.days.map((n) => n || 0), `Last 7 days: ${rule.days.map(num).join(", ")}`);
const quarantine = (n) => h("span", { class: "severity high" }, n === 1 ? "1 in quarantine" : `${num(n)} in quarantine`);

// Files are told from the folder on that all of them are in.
let root = "";
function setRoot(data) {
  const files = [...data.brands, ...data.intents, ...data.patterns].map((one) => one.file).filter(Boolean);
  root = files.length ? files.reduce((all, file) => { while (!file.startsWith(all)) all = all.slice(0, -1); return all; }).replace(/[^/]*$/, "") : "";
}
const where = (one) => (one.file ? h("code", { class: "where", title: `${one.file}:${one.line}` }, `${one.file.startsWith(root) ? one.file.slice(root.length) : one.file}:${one.line}`) : "");

// What a rule costs by itself: its patterns in slashes. Words are looked for all at once.
function cost(r) {
  if (!r.patterns) return h("span", { class: "quiet", title: "Words only: all rules' words are looked for together." }, "–");
  if (r.cost === null) return h("span", { class: "quiet", title: "No matcher has measured it." }, "not known");
  return h("span", { class: r.cost >= 0.05 ? "down" : null, title: `${plural(r.patterns, "pattern")} in slashes` }, share(r.cost));
}

function brand(b) {
  return h("section", { class: "rule" },
    h("div", { class: "section-head" }, h("h3", { class: "name" }, h("a", { href: `#/brand/${encodeURIComponent(b.name)}` }, b.name)),
      h("p", { class: "quiet" }, "for ", said(b.team), " · ", where(b))),
    b.prefiltered ? null : h("p", { class: "note" }, "Costly: every post is read in full for this brand, because of ", h("code", {}, said(b.because)), "."),
    table(`Rules of ${b.name}`, [
      { name: "Intent", get: (r) => h("span", { class: `tag i${hue(r.intent)}` }, r.intent) },
      { name: "Today", num: true, get: (r) => num(r.days[6]) },
      { name: "A day", num: true, get: (r) => num(Math.round(r.days.reduce((a, n) => a + n, 0) / 7)) },
      { name: "7 days", class: "spark-cell", get: week },
      { name: "Cost", num: true, get: cost },
      { name: "Tests", get: (r) => tests(r.tests) },
      { name: "", class: "tags", get: (r) => h("span", { class: "tag-row" }, r.quarantined ? quarantine(r.quarantined) : null,
        b.alerts.filter((a) => a.on === r.intent).map((a) => h("span", { class: `severity ${a.severity}` }, `alert, ${a.severity}`))) },
    ], b.rules, { class: "wide rules" }));
}

// The days of the small charts.
function days(data) {
  const today = Math.floor(time(data.at) / DAY) * DAY;
  return asTable("Hits by day", [{ name: "Rule", get: (r) => `${r.brand}/${r.intent}` }, ...Array.from({ length: 7 }, (_, i) => ({ name: day(today - (6 - i) * DAY), num: true, get: (r) => num(r.days[i]) }))],
    data.brands.flatMap((b) => b.rules.map((r) => ({ ...r, brand: b.name }))));
}

function failures(list) {
  return h("section", { "aria-label": "Failing tests" }, h("h2", {}, "Tests that fail"), table("Tests that fail", [
    { name: "Of", get: (f) => f.of },
    { name: "Post", class: "prose", get: (f) => said(f.post) },
    { name: "Expected", get: (f) => f.expected.join(", ") || "nothing" },
    { name: "Actual", get: (f) => (f.named ? f.actual.join(", ") || "nothing" : "not named") },
    { name: "Where", get: where },
  ], list, { class: "cards" }));
}

function health(data) {
  const now = Date.now();
  return h("section", { "aria-label": "At work" }, h("h2", {}, "At work"),
    data.matchers.length ? table("Matchers", [
      { name: "Process", class: "prose", get: (m) => said(m.name) },
      { name: "Command", get: (m) => h("code", {}, `hark ${m.command}`) },
      { name: "Rule set", get: (m) => (m.ruleset === data.version || !data.loaded ? h("code", {}, m.ruleset) : h("span", {}, h("code", {}, m.ruleset), " ", h("span", { class: "severity high" }, "another set"))) },
      { name: "State", get: (m) => (m.stale ? h("span", { class: "down" }, `silent for ${ago(now - time(m.time))}`) : "counts") },
    ], data.matchers, { class: "cards" }) : h("p", { class: "quiet" }, "No matcher is at work, so what patterns cost is not known. ", h("code", {}, "hark run"), " and ", h("code", {}, "hark match"), " say it while they run."),
    data.patterns.length ? [h("h3", {}, "Patterns in slashes ", h("span", { class: "quiet small" }, "share of the time of matching, from one post in 64")), table("Patterns in slashes", [
      { name: "Pattern", class: "prose", get: (p) => h("code", { class: "clamp", title: p.pattern }, said(p.pattern)) },
      { name: "Share", num: true, get: (p) => h("span", { class: p.share >= 0.05 ? "down" : null }, share(p.share)) },
      { name: "Over its limit", num: true, get: (p) => h("span", { class: p.over ? null : "quiet" }, p.over ? plural(p.over, "post") : "never") },
      { name: "State", get: (p) => (p.quarantined ? h("span", { class: "severity high" }, "in quarantine") : h("span", { class: "quiet" }, "tried")) },
      { name: "Where", get: where },
    ], data.patterns, { class: "cards" })] : null,
    data.patterns.some((p) => p.quarantined) ? h("p", { class: "note" }, "A pattern in quarantine has no hits until it is mended: it took too long on too many posts. ", h("code", {}, "hark explain"), " shows where.") : null);
}

const named = (data) => data.intents.filter((i) => !i.brand);
const intents = (data) => h("section", { "aria-label": "Intents" }, h("h2", {}, "Intents"), table("Intents", [
  { name: "Intent", get: (i) => h("span", { class: `tag i${hue(i.name)}` }, i.name) },
  { name: "What it finds", class: "prose", get: (i) => i.about || "" },
  { name: "Phrases", class: "prose", get: (i) => Object.entries(i.phrases).map(([code, n]) => `${code} ${num(n)}`).join(", ") },
  { name: "Cost", num: true, get: cost },
  { name: "Tests", get: (i) => tests(i.tests) },
  { name: "Where", get: where },
], named(data), { class: "cards" }));

export async function rules(view) {
  const lead = h("p", { class: "lead" }), top = h("div", { class: "stack" }), list = h("div", { class: "stack close" }), numbers = h("div"), rest = h("div", { class: "stack" });
  const more = h("button", { type: "button", class: "button", onclick: () => ((limit = MOST), view.guard(view.refresh())) }, "Show all"), foot = h("p", { class: "more" }, more);
  const find = finder("Find a brand", () => view.guard(view.refresh()));
  const brands = h("section", { "aria-label": "Brands" }, h("div", { class: "section-head" }, h("h2", {}, "Brands"), find.node), list, foot, numbers);
  let limit = FIRST;
  put(view.main, h("div", { class: "stack" }, h("div", { class: "title" }, h("h1", { tabindex: "-1" }, "Rules"), lead), top, brands, rest));
  brands.hidden = true;
  view.on = (kind) => kind === "tick" && !document.hidden && view.guard(view.refresh()); // its cost changes though nothing is counted
  view.refresh = async () => {
    const data = await get("rules", { at: iso(anchor()), limit, find: find.value() }, view.signal);
    if (data.loaded) setRoot(data);
    brands.hidden = !data.loaded;
    if (!data.loaded) {
      lead.replaceChildren(data.counting ? "Counting goes by rule set " : "Nothing counts yet.", data.counting ? h("code", {}, data.counting) : "");
      put(top, empty("The rules are not shown here.", h("span", {}, "Start ", h("code", {}, "hark serve --rules DIR"), " with the folder that the matcher uses.")), health(data));
      return;
    }
    lead.replaceChildren(`${plural(data.count, "brand")}, ${plural(named(data).length, "shared intent")}, rule set `, h("code", {}, data.version));
    const notes = [
      data.problem ? h("p", { class: "note" }, "The files changed, but are not taken: ", said(data.problem), ". Shown is the set before.") : null,
      data.counting && data.counting !== data.version ? h("p", { class: "note" }, "Counting goes by another rule set, ", h("code", {}, data.counting), ": the files changed since the matcher took them, or it reads another folder.") : null,
    ].filter(Boolean);
    put(top, notes.length ? h("div", { class: "notes" }, notes) : null, data.failures.length ? failures(data.failures) : null, health(data));
    find.node.hidden = data.count <= FEW;
    put(list, data.brands.length ? data.brands.map(brand) : empty("No brand has this in its name.", "A part of the name will do, in small letters."));
    redraw(numbers, days(data), data.brands.length > 0);
    foot.hidden = data.found <= data.brands.length;
    more.textContent = data.found > MOST ? `Show ${num(MOST)} of ${num(data.found)}` : `Show all ${num(data.found)}`;
    more.hidden = limit === MOST;
    put(rest, named(data).length ? intents(data) : null);
  };
  await view.refresh();
}
