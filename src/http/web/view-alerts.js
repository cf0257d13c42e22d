// Alerts as they arrive, newest first.

import { get } from "./api.js";
import { h, put, empty, said } from "./dom.js";
import { moment, time, num } from "./format.js";
import { postList } from "./posts.js";
import { hue } from "./chart.js";

const MOST = 300; // kept on the page

function item(alert, fresh) {
  const closed = alert.state === "close";
  return h("li", { class: `alert ${alert.severity}${fresh ? " fresh" : ""}${closed ? " closed" : ""}` },
    h("p", { class: "by" },
      h("span", { class: `severity ${alert.severity}` }, alert.severity),
      h("a", { href: `#/brand/${encodeURIComponent(alert.brand)}?intent=${encodeURIComponent(alert.intent)}` }, alert.brand),
      h("span", { class: `tag i${hue(alert.intent)}` }, alert.intent),
      h("span", { class: "quiet" }, "for ", said(alert.team)),
      h("time", { class: "quiet", datetime: alert.time }, moment(time(alert.time)))),
    closed ? h("p", { class: "quiet" }, "Taken back: the post is gone or no longer says it.") : null,
    alert.kind !== "match" ? h("p", {}, `${alert.kind}: ${num(alert.value)} in ${alert.window || "the window"}${alert.baseline === null ? "" : `, usually ${num(alert.baseline)}`}`) : null,
    alert.match ? postList([{ id: alert.match.id, brand: alert.brand, time: alert.time, match: alert.match, engagement: null }], { brief: true }) : null);
}

export async function alerts(view) {
  const list = h("ol", { class: "alerts" }), more = h("button", { type: "button", class: "button" }, "Older alerts"), foot = h("p", {}, more), none = h("div");
  let next = null;
  put(view.main, h("div", { class: "stack" }, h("div", { class: "title" }, h("h1", { tabindex: "-1" }, "Alerts"), h("p", { class: "lead" }, "The latest, as teams get them. New ones appear on top.")), none, list, foot));
  const say = () => {
    none.hidden = list.children.length > 0;
    list.hidden = !none.hidden;
    put(none, none.hidden ? null : empty("No alerts yet.", h("span", {}, "A brand's rule file says what to be told of: ", h("code", {}, "alerts: [{on: complaint, severity: high}]"), ".")));
  };
  async function page() {
    const data = await get("alerts", { limit: 50, cursor: next }, view.signal);
    list.append(...data.alerts.map((entry) => item(entry.alert, false)));
    next = data.next;
    foot.hidden = !next || list.children.length >= MOST;
    say();
  }
  more.addEventListener("click", () => view.guard(page()));
  view.on = (kind, alert) => {
    if (kind !== "alert") return;
    list.prepend(item(alert, true));
    while (list.children.length > MOST) list.lastChild.remove();
    say();
  };
  await page();
}
