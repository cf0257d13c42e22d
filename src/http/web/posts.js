// Posts with the words marked for which they counted.

import { h, out, said, empty } from "./dom.js";
import { moment, time, num } from "./format.js";
import { hue } from "./chart.js";

const SHOWN = 700; // characters of a post before it is cut; platforms' own limits are lower, nearly all

// Spans are bytes of UTF-8; the page's texts are counted in UTF-16.
function marks(match) {
  const list = [];
  for (const hit of match.hits || [])
    for (const phrase of hit.phrases || []) if (!phrase.signal && phrase.span[1] > phrase.span[0]) list.push({ from: phrase.span[0], to: phrase.span[1], intent: hit.intent });
  for (const [from, to] of match.brand_spans || []) list.push({ from, to, intent: null });
  return list.sort((a, b) => a.from - b.from || b.to - a.to);
}

function marked(text, match) {
  const bytes = new TextEncoder().encode(text), read = new TextDecoder(), pieces = [];
  let at = 0;
  for (const { from, to, intent } of marks(match)) {
    if (to <= at || to > bytes.length) continue;
    const start = Math.max(from, at);
    if (start > at) pieces.push(read.decode(bytes.subarray(at, start)));
    pieces.push(h("mark", { class: intent ? `m${hue(intent)}` : "brand", title: intent }, read.decode(bytes.subarray(start, to))));
    at = to;
  }
  pieces.push(read.decode(bytes.subarray(at)));
  return pieces;
}

function body(text, match) {
  const whole = h("bdi", { class: "text", dir: "auto" }, marked(text, match));
  if ([...text].length <= SHOWN) return whole;
  whole.classList.add("long");
  const more = h("button", { class: "plain", type: "button", onclick: () => (whole.classList.remove("long"), more.remove()) }, "Show all of it");
  return [whole, more];
}

export function postItem(entry, options) {
  const { match } = entry, at = time(entry.time) || time(match && match.post && match.post.time);
  if (!match)
    return h("li", { class: "post" }, h("p", { class: "by" }, h("time", { datetime: entry.time }, at ? moment(at) : "")),
      h("p", { class: "quiet" }, "Its text is no longer kept. Id: ", said(entry.id, { class: "id" })));
  const { post } = match, author = post.author || {};
  const intents = [...new Set((match.hits || []).map((hit) => hit.intent))];
  return h("li", { class: "post" },
    h("p", { class: "by" },
      said(author.name || author.handle || "unknown", { class: "author" }),
      author.handle && author.name ? said(`@${author.handle}`, { class: "quiet handle" }) : null,
      h("span", { class: "quiet" }, said(post.source)),
      options && options.brief ? null : h("time", { class: "quiet", datetime: post.time }, at ? moment(at) : ""),
      out(post.url, "Open post")),
    h("div", { class: "said" }, body(post.text || "", match)),
    options && options.brief ? null : h("p", { class: "hits" },
      options && options.brand ? h("a", { class: "tag", href: `#/brand/${encodeURIComponent(entry.brand)}` }, entry.brand) : null,
      intents.length ? intents.map((intent) => h("span", { class: `tag i${hue(intent)}` }, intent)) : h("span", { class: "tag" }, "mention"),
      entry.engagement ? h("span", { class: "quiet num" }, `${num(entry.engagement)} reactions`) : null));
}

export function postList(posts, options) {
  if (!posts.length) return empty("No posts here.", (options && options.none) || "Choose another time or another intent.");
  return h("ol", { class: "posts" }, posts.map((post) => postItem(post, options)));
}
