// Where posts come from, how far they are read, and when nothing was heard.

import { get } from "./api.js";
import { h, put, empty, table, said, asTable, redraw } from "./dom.js";
import { num, moment, time, ago, iso, day, DAY } from "./format.js";
import { sparkline } from "./chart.js";
import { anchor } from "./state.js";

export async function sources(view) {
  const body = h("div", { class: "stack" }), numbers = h("div");
  put(view.main, h("div", { class: "stack" }, h("div", { class: "title" }, h("h1", { tabindex: "-1" }, "Sources"), h("p", { class: "lead" }, "Where the posts that name a brand come from, and when nothing was heard.")), body));
  view.refresh = async () => {
    const data = await get("sources", { at: iso(anchor()), limit: 200 }, view.signal);
    const first = time(data.from);
    redraw(numbers, asTable("Posts by day", [{ name: "Source", get: (x) => said(x.name) }, ...Array.from({ length: 7 }, (_, i) => ({ name: day(first + i * DAY), num: true, get: (x) => num(x.days[i]) }))], data.sources), data.sources.length > 0);
    put(body,
      h("section", { "aria-label": "Posts by source" }, h("h2", {}, "Posts by source"), data.sources.length ? table("Posts by source", [
        { name: "Source", get: (x) => said(x.name) },
        { name: "Today", num: true, get: (x) => num(x.days[6]) },
        { name: "7 days", num: true, get: (x) => num(x.days.reduce((a, n) => a + n, 0)) },
        { name: "By day", class: "spark-cell", get: (x) => sparkline(x.days, `Last 7 days: ${x.days.map(num).join(", ")}`) },
      ], data.sources) : empty("Nothing was counted in the last seven days.", h("span", {}, "Sources are given to ", h("code", {}, "hark run"), " or ", h("code", {}, "hark ingest"), "; ", h("code", {}, "hark help run"), " lists them.")), numbers),
      h("section", { "aria-label": "Gaps" }, h("h2", {}, "Gaps"), data.gaps.length ? table("Gaps", [
        { name: "Source", get: (x) => said(x.source) },
        { name: "From", get: (x) => moment(time(x.from)) },
        { name: "Until", get: (x) => moment(time(x.to)) },
        { name: "For", num: true, get: (x) => ago(time(x.to) - time(x.from)) },
        { name: "Why", get: (x) => said(x.reason) },
      ], data.gaps, { class: "cards" }) : empty("No gaps are known.", "When a source could not be heard, it stands here and in the charts, with the reason.")),
      h("section", { "aria-label": "Read up to" }, h("h2", {}, "Read up to"), data.positions.length ? table("Read up to", [
        { name: "Input", get: (x) => said(x.topic) },
        { name: "Partition or source", class: "prose", get: (x) => said(x.field, { class: "id" }) },
        { name: "Position", class: "prose", get: (x) => h("code", {}, said(x.position)) },
      ], data.positions, { class: "cards" }) : empty("Nothing was read yet.")));
  };
  await view.refresh();
}
