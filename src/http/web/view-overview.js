// All brands at a glance.

import { get } from "./api.js";
import { h, put, empty, table, finder, asTable, redraw } from "./dom.js";
import { sparkline, shareBar, hue } from "./chart.js";
import { num, share, clock, dayYear, time, iso, plural, HOUR } from "./format.js";
import { postList } from "./posts.js";
import { anchor } from "./state.js";

function change(brand, until) {
  const now = brand.today_until, before = brand.last_week_until;
  if (now === null || before === null || before === undefined) return h("span", { class: "quiet" }, "–");
  if (before === 0) return h("span", { class: "quiet", title: `none last week until ${until}` }, now ? "new" : "–");
  const by = Math.round((100 * (now - before)) / before);
  return h("span", { class: by > 0 ? "up" : by < 0 ? "down" : "quiet", title: `${num(now)} until ${until}; last week ${num(before)}` }, by > 0 ? `+${by}%` : by < 0 ? `−${-by}%` : "same");
}

const FIRST = 50, MOST = 1000, FEW = 12; // brands

const name = (brand) => h("a", { href: `#/brand/${encodeURIComponent(brand.name)}` }, brand.name);
const wants = (brand) => Object.entries(brand.today).filter(([intent, n]) => intent !== "mention" && n).sort((a, b) => b[1] - a[1]).slice(0, 3)
  .map(([intent, n]) => h("span", { class: `tag i${hue(intent)}` }, `${intent} `, h("b", {}, num(n))));

function shares(top) {
  const shown = top.filter((b) => b.share).slice(0, 5).map((b) => ({ name: b.name, share: b.share }));
  const others = 1 - shown.reduce((sum, b) => sum + b.share, 0);
  if (shown.length && others > 0.001) shown.push({ name: "others", share: others });
  return shown.length ? [h("h2", {}, "Share of voice"),
    shareBar(shown, `Share of voice: ${shown.map((b) => `${b.name} ${share(b.share)}`).join(", ")}`),
    h("ul", { class: "legend" }, shown.map((b, i) => h("li", {}, h("span", { class: `key share-${b.name === "others" ? 5 : Math.min(i, 5)}` }), h("span", { class: "cut" }, b.name), h("span", { class: "num" }, share(b.share)))))] : null;
}

function brands(data) {
  const until = clock(time(data.until));
  return data.brands.length ? table(`Brands on ${dayYear(time(data.day))}`, [
    { name: "Brand", class: "name", get: name },
    { name: "Posts", num: true, get: (b) => num(b.today.mention || 0) },
    { name: "vs. last week", num: true, get: (b) => change(b, until) },
    { name: "24 hours", class: "spark-cell", get: (b) => sparkline(b.hours.map((v) => v || 0), `Last 24 hours by hour: ${b.hours.map(num).join(", ")}`) },
    { name: "Share", num: true, get: (b) => share(b.share) },
    { name: "Most said", class: "tags", get: (b) => h("span", { class: "tag-row" }, wants(b)) },
  ], data.brands, { class: "wide" }) : empty("No brand has this in its name.", "A part of the name will do, in small letters.");
}

// The hours of the small charts; the last one is not over.
function hours(data) {
  const last = Math.floor(time(data.at) / HOUR) * HOUR;
  return asTable("Posts by hour", [{ name: "Brand", get: name }, ...Array.from({ length: 24 }, (_, i) => ({ name: clock(last - (23 - i) * HOUR), num: true, get: (b) => num(b.hours[i]) }))], data.brands);
}

export async function overview(view) {
  const heading = h("h1", { tabindex: "-1" }, "Overview"), lead = h("p", { class: "lead" }), none = h("div"), voice = h("section", { "aria-label": "Share of voice" }), list = h("div"), numbers = h("div"), posts = h("div");
  const more = h("button", { type: "button", class: "button", onclick: () => ((limit = MOST), view.guard(view.refresh())) }), foot = h("p", { class: "more" }, more);
  const find = finder("Find a brand", () => view.guard(view.refresh()));
  const all = h("section", { "aria-label": "Brands" }, h("div", { class: "section-head" }, h("h2", {}, "Brands"), find.node), list, foot, numbers);
  const latest = h("section", { "aria-label": "Latest posts" }, h("h2", {}, "Latest posts"), posts);
  let limit = FIRST;
  for (const part of [voice, all, latest]) part.hidden = true;
  put(view.main, h("div", { class: "stack" }, h("div", { class: "title" }, heading, lead), none, voice, all, latest));
  view.refresh = async () => {
    const at = anchor();
    const [data, news] = await Promise.all([get("overview", { at: iso(at), limit, find: find.value() }, view.signal), get("posts", { from: iso(at - 48 * HOUR), to: iso(at + HOUR / 60), limit: 12 }, view.signal)]);
    for (const part of [voice, all, latest]) part.hidden = !data.count;
    none.hidden = data.count > 0;
    if (!data.count) {
      lead.textContent = "";
      put(none, empty("Nothing is counted yet.", h("span", {}, "Start a matcher on the same Redis, for example ", h("code", {}, "hark run --rules rules file:posts.ndjson"), "; numbers appear here as posts come in.")));
      return;
    }
    lead.replaceChildren(h("b", { id: "today", class: "num" }, num(data.today)), ` ${data.today === 1 ? "mention" : "mentions"} of ${plural(data.count, "brand")} on ${dayYear(time(data.day))}`);
    if (!find.value()) put(voice, shares(data.brands)), (voice.hidden = !voice.children.length);
    find.node.hidden = data.count <= FEW;
    put(list, brands(data));
    redraw(numbers, hours(data), data.brands.length > 0);
    foot.hidden = data.found <= data.brands.length || limit === MOST;
    more.textContent = data.found > MOST ? `Show the first ${num(MOST)} of ${num(data.found)}` : `Show all ${num(data.found)}`;
    put(posts, postList(news.posts, { brand: true }));
  };
  await view.refresh();
}
