// All brands at a glance.

import { get } from "./api.js";
import { h, put, empty, table } from "./dom.js";
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

const name = (brand) => h("a", { href: `#/brand/${encodeURIComponent(brand.name)}` }, brand.name);
const wants = (brand) => Object.entries(brand.today).filter(([intent, n]) => intent !== "mention" && n).sort((a, b) => b[1] - a[1]).slice(0, 3)
  .map(([intent, n]) => h("span", { class: `tag i${hue(intent)}` }, `${intent} `, h("b", {}, num(n))));

function brands(data) {
  const until = clock(time(data.until)), top = data.brands;
  const shares = top.filter((b) => b.share).slice(0, 5).map((b) => ({ name: b.name, share: b.share }));
  const others = 1 - shares.reduce((sum, b) => sum + b.share, 0);
  if (shares.length && others > 0.001) shares.push({ name: "others", share: others });
  return [
    shares.length ? h("section", { "aria-label": "Share of voice" },
      h("h2", {}, "Share of voice"),
      shareBar(shares, `Share of voice: ${shares.map((b) => `${b.name} ${share(b.share)}`).join(", ")}`),
      h("ul", { class: "legend" }, shares.map((b, i) => h("li", {}, h("span", { class: `key share-${Math.min(i, 5)}` }), b.name, h("span", { class: "num" }, share(b.share)))))) : null,
    h("section", { "aria-label": "Brands" }, h("h2", {}, "Brands"),
      table(`Brands on ${dayYear(time(data.day))}`, [
        { name: "Brand", get: name },
        { name: "Posts", num: true, get: (b) => num(b.today.mention || 0) },
        { name: "vs. last week", num: true, get: (b) => change(b, until) },
        { name: "24 hours", class: "spark-cell", get: (b) => sparkline(b.hours.map((v) => v || 0), `Last 24 hours by hour: ${b.hours.map(num).join(", ")}`) },
        { name: "Share", num: true, get: (b) => share(b.share) },
        { name: "Most said", class: "tags", get: (b) => h("span", { class: "tag-row" }, wants(b)) },
      ], top, { class: "wide" }),
      data.count > top.length ? h("p", { class: "quiet" }, `The ${top.length} with most posts of ${num(data.count)}.`) : null)];
}

export async function overview(view) {
  const heading = h("h1", { tabindex: "-1" }, "Overview"), lead = h("p", { class: "lead" }), middle = h("div", { class: "stack" }), posts = h("div");
  put(view.main, h("div", { class: "stack" }, h("div", { class: "title" }, heading, lead), middle, h("section", { "aria-label": "Latest posts" }, h("h2", {}, "Latest posts"), posts)));
  view.refresh = async () => {
    const at = anchor();
    const data = await get("overview", { at: iso(at), limit: 50 }, view.signal);
    const latest = data.count ? await get("posts", { from: iso(at - 48 * HOUR), to: iso(at + HOUR / 60), limit: 12 }, view.signal) : { posts: [] };
    if (!data.count) {
      lead.textContent = "";
      posts.parentNode.hidden = true;
      put(middle, empty("Nothing is counted yet.", h("span", {}, "Start a matcher on the same Redis, for example ", h("code", {}, "hark run --rules rules file:posts.ndjson"), "; numbers appear here as posts come in.")));
      return;
    }
    posts.parentNode.hidden = false;
    lead.replaceChildren(h("b", { id: "today", class: "num" }, num(data.today)), ` ${data.today === 1 ? "mention" : "mentions"} of ${plural(data.count, "brand")} on ${dayYear(time(data.day))}`);
    put(middle, brands(data));
    put(posts, postList(latest.posts, { brand: true }));
  };
  await view.refresh();
}
