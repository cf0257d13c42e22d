// One brand: what people want, need and complain about over time, what it is made of, and the posts behind every number.

import { get } from "./api.js";
import { h, put, empty, table, said } from "./dom.js";
import { stacked, hue } from "./chart.js";
import { num, share, span, iso, lang, plural, clock, day, dayYear, time, moment, MINUTE, HOUR, DAY } from "./format.js";
import { postList, postItem } from "./posts.js";
import { anchor } from "./state.js";

const RANGES = [["3h", "3 hours", 3 * HOUR], ["1d", "24 hours", DAY], ["7d", "7 days", 7 * DAY], ["30d", "30 days", 30 * DAY], ["90d", "90 days", 90 * DAY]];
const PAGE = 20;

// The steps that a range is asked for in, the finest first; minutes are kept for two days only, then hours serve.
function steps(length) {
  if (length <= 3.2 * HOUR) return [["minute", MINUTE], ["hour", HOUR]];
  if (length <= 12 * HOUR) return [["minute", 5 * MINUTE], ["hour", HOUR]];
  if (length <= DAY + HOUR) return [["minute", 15 * MINUTE], ["hour", HOUR]];
  if (length <= 8 * DAY) return [["hour", HOUR]];
  if (length <= 16 * DAY) return [["hour", 6 * HOUR]];
  return [["day", DAY]];
}

const STEP = { minute: MINUTE, hour: HOUR, day: DAY };

// Adds up neighbouring points.
function coarser(points, times) {
  if (times === 1) return points;
  return Array.from({ length: Math.ceil(points.length / times) }, (_, i) => points.slice(i * times, (i + 1) * times).reduce((sum, n) => (sum === null || n === null ? null : sum + n), 0));
}

async function readSeries(brand, range, signal) {
  let answer, step;
  for (const [name, wide] of steps(range.to - range.from)) {
    const from = Math.floor(range.from / wide) * wide, to = Math.ceil(range.to / wide) * wide;
    answer = await get("series", { brand, from: iso(from), to: iso(to), step: name }, signal);
    step = wide;
    const times = wide / STEP[name];
    for (const one of answer.series) one.points = coarser(one.points, times);
    if (answer.series.some((one) => one.points.some((n) => n !== null))) break;
  }
  const gaps = answer.gaps.map((gap) => ({ ...gap, from: time(gap.from), to: time(gap.to) }));
  return { from: time(answer.from), step, series: answer.series, gaps };
}

function bars(title, what, rows, total, label) {
  const max = Math.max(1, ...rows.map((row) => row.n));
  return h("section", { class: "panel", "aria-label": title }, h("h3", {}, title),
    rows.length ? table(title, [
      { name: what, get: (row) => (label ? label(row.value) : said(row.value)) },
      { name: "", class: "bar-cell", get: (row) => h("span", { class: "hbar", "width%": (100 * row.n) / max }) },
      { name: "Posts", num: true, get: (row) => num(row.n) },
      ...(total ? [{ name: "Share", num: true, get: (row) => share(row.n / total) }] : []),
    ], rows, { class: "bars" }) : h("p", { class: "quiet" }, "Nothing in this time."));
}

export async function brand(view, name, query) {
  let chosen = query.get("range") || "1d", intent = query.get("intent"), zoomed = null, picked = null, next = null, chart = null, drawn = null;
  const hidden = new Set();
  if (query.get("from") && query.get("to")) zoomed = { from: Date.parse(query.get("from")), to: Date.parse(query.get("to")) };
  if (zoomed && !(zoomed.from < zoomed.to)) zoomed = null;

  const lead = h("p", { class: "lead" }), legend = h("ul", { class: "legend toggles" }), ranges = h("div", { class: "ranges", role: "group", "aria-label": "Time" }),
    chartBox = h("div"), tableBox = h("div"), panels = h("div", { class: "panels" }), postsTitle = h("h2", { id: "posts-title", tabindex: "-1" }, "Posts"),
    postsBox = h("div"), more = h("button", { type: "button", class: "button", hidden: true }, "Older posts"), filter = h("div", { class: "filter" }), topBox = h("div");

  put(view.main, h("div", { class: "stack" },
    h("div", { class: "title" }, h("h1", { tabindex: "-1" }, name), lead),
    h("section", { "aria-label": "Over time" }, h("div", { class: "section-head" }, h("h2", {}, "Over time"), ranges), legend, chartBox,
      h("details", {}, h("summary", {}, "As a table"), tableBox)),
    panels,
    h("section", { "aria-labelledby": "posts-title" }, h("div", { class: "section-head" }, postsTitle, filter), postsBox, h("p", {}, more)),
    topBox));

  const range = () => {
    if (zoomed) return zoomed;
    const to = anchor();
    return { from: to - RANGES.find((r) => r[0] === chosen)[2], to };
  };
  function remember() {
    const q = new URLSearchParams();
    if (zoomed) q.set("from", iso(zoomed.from)), q.set("to", iso(zoomed.to));
    else if (chosen !== "1d") q.set("range", chosen);
    if (intent) q.set("intent", intent);
    history.replaceState(null, "", `#/brand/${encodeURIComponent(name)}${q.size ? "?" + q : ""}`);
  }
  function drawRanges() {
    put(ranges, RANGES.map(([id, text]) => h("button", { type: "button", "aria-pressed": String(!zoomed && chosen === id), onclick: () => { chosen = id; zoomed = picked = null; change(); } }, text)),
      h("button", { type: "button", title: "Half of this time", onclick: () => { const r = range(), q = (r.to - r.from) / 4; zoom(r.from + q, r.to - q); } }, "Zoom in"),
      zoomed ? h("button", { type: "button", onclick: () => { zoomed = picked = null; change(); } }, "Zoom out") : null);
  }
  function zoom(from, to) {
    if (to - from < 5 * MINUTE) return;
    zoomed = { from, to };
    picked = null;
    change();
  }
  function change() {
    remember();
    view.guard(view.refresh());
  }

  function drawLegend(series) {
    const focus = document.activeElement && document.activeElement.dataset ? document.activeElement.dataset.intent : null;
    put(legend, series.map((one) => h("li", {}, h("button", { type: "button", "data-intent": one.intent, "aria-pressed": String(!hidden.has(one.intent)),
      onclick: () => { hidden.has(one.intent) ? hidden.delete(one.intent) : hidden.add(one.intent); drawChart(); } },
      h("span", { class: `key i${hue(one.intent)}` }), one.intent, h("span", { class: "num" }, num(one.total))))));
    if (focus) legend.querySelector(`[data-intent="${CSS.escape(focus)}"]`)?.focus();
  }

  function drawTable(data, all, series) {
    const shown = Array.from({ length: all.points.length }, (_, i) => i).filter((i) => all.points[i]);
    put(tableBox, shown.length ? table(`Posts about ${name} over time`, [
      { name: "Time", get: (i) => span(data.from + i * data.step, data.from + (i + 1) * data.step) },
      { name: "Posts", num: true, get: (i) => num(all.points[i]) },
      ...series.map((one) => ({ name: one.intent, num: true, get: (i) => num(one.points[i]) })),
    ], shown, { class: "compact" }) : h("p", { class: "quiet" }, "No posts in this time."));
  }

  function drawChart() {
    const data = drawn, all = data.series.find((one) => one.intent === "mention") || { points: [], total: 0 };
    const series = data.series.filter((one) => one.intent !== "mention" && one.total > 0);
    const options = {
      from: data.from, step: data.step, line: all.points, series: series.filter((one) => !hidden.has(one.intent)), gaps: data.gaps, signal: view.signal,
      label: `Posts about ${name} over time. Arrow keys move, Enter shows the posts.`,
      hint: all.total ? `Bars: posts by intent. Line: all posts that name the brand. ${matchMedia("(pointer: coarse)").matches ? "Tap a bar for its posts." : "Click a bar for its posts, drag to zoom."}` : "No posts in this time. Choose a longer one above.",
      pick: ([from, to], which) => { picked = { from, to }; if (which) intent = which; remember(); view.guard(showPosts(true)); },
      zoom,
    };
    if (chart) chart.update(options);
    else put(chartBox, (chart = stacked(options)).node);
    drawLegend(series);
    drawTable(data, all, series);
    return all;
  }

  function drawFilter(intents) {
    put(filter, h("label", {}, "Intent ", h("select", { onchange: (event) => { intent = event.target.value || null; change(); } },
      h("option", { value: "" }, "all mentions"), intents.map((one) => h("option", { value: one, selected: one === intent }, one)))),
      picked ? h("button", { type: "button", class: "button", onclick: () => { picked = null; view.guard(showPosts(false)); } }, "All of the time shown") : null);
  }
  async function showPosts(focus) {
    const r = picked || range();
    const data = await get("posts", { brand: name, intent: intent || "mention", from: iso(r.from), to: iso(r.to), limit: PAGE }, view.signal);
    postsTitle.textContent = picked ? `Posts, ${span(picked.from, picked.to)}` : "Posts";
    put(postsBox, postList(data.posts, { none: r.to < Date.now() - 7 * DAY ? "Posts are kept for seven days; numbers are kept longer." : null }));
    next = data.next;
    more.hidden = !next;
    drawFilter(drawn.series.map((one) => one.intent).filter((one) => one !== "mention"));
    if (focus) postsTitle.focus();
  }
  more.addEventListener("click", () => view.guard((async () => {
    const r = picked || range();
    const data = await get("posts", { brand: name, intent: intent || "mention", from: iso(r.from), to: iso(r.to), limit: PAGE, cursor: next }, view.signal);
    postsBox.querySelector("ol").append(...data.posts.map((post) => postItem(post)));
    next = data.next;
    more.hidden = !next;
  })()));

  async function showPanels(r) {
    const about = { brand: name, from: iso(r.from), to: iso(r.to) }, of = { ...about, intent: intent || "mention" };
    const [bySource, byLang, byPhrase, tags, authors, top] = await Promise.all([
      get("breakdown", { ...of, by: "source", limit: 8 }, view.signal), get("breakdown", { ...of, by: "lang", limit: 8 }, view.signal),
      intent ? get("breakdown", { ...of, by: "phrase", limit: 12 }, view.signal) : null, get("tags", { ...about, limit: 12 }, view.signal),
      get("authors", of, view.signal), get("top", { ...of, limit: 5 }, view.signal)]);
    const days = `${span(time(bySource.from), time(bySource.to))}${intent ? `, ${intent}` : ""}`;
    put(panels, h("h2", { class: "full" }, "What it is made of ", h("span", { class: "quiet small" }, days)),
      bars("Sources", "Source", bySource.rows, bySource.total),
      bars("Languages", "Language", byLang.rows, byLang.total, lang),
      intent ? bars(`Phrases of ${intent}`, "Phrase", byPhrase.rows, 0) : h("section", { class: "panel", "aria-label": "Phrases" }, h("h3", {}, "Phrases"), h("p", { class: "quiet" }, "Choose an intent to see which of its phrases were said.")),
      bars("Hashtags in the same posts", "Hashtag", tags.rows, 0, (tag) => said(`#${tag}`)));
    put(topBox, top.posts.length ? h("section", { "aria-label": "Most reactions" }, h("h2", {}, "Most reactions ", h("span", { class: "quiet small" }, days)), postList(top.posts)) : null);
    return authors.authors[intent || "mention"];
  }

  view.refresh = async () => {
    const r = range();
    const data = (drawn = await readSeries(name, r, view.signal));
    drawRanges();
    if (!data.series.length) {
      lead.textContent = "";
      put(chartBox, empty("Nothing is counted for this brand.", "Its name is as in the rule file; the overview lists all that were ever named."));
      chart = null;
      return;
    }
    const all = drawChart();
    const [authors] = await Promise.all([showPanels(r), picked ? null : showPosts(false)]);
    lead.replaceChildren(h("b", { class: "num", id: "brand-total" }, num(all.total)), ` posts, ${span(data.from, data.from + all.points.length * data.step)}; about ${plural(authors, "author")} on ${r.to - r.from > DAY ? "these days" : "the day"}`);
  };
  await view.refresh();
}
