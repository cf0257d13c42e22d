// Charts as SVG, drawn by hand: a chart here is elements that can be reached with a keyboard, read by a screen reader and
// coloured by the style sheet; a canvas is none of these.

import { h, s } from "./dom.js";
import { num, clock, day, span, MINUTE, HOUR, DAY } from "./format.js";

export const hue = (intent) => {
  const known = ["want", "complaint", "question", "buy", "praise", "need", "thanks", "suggestion"];
  const at = known.indexOf(intent);
  if (at >= 0) return at + 1;
  let sum = 0;
  for (const c of intent) sum = (sum * 31 + c.codePointAt(0)) % 997;
  return 9 + (sum % 2);
};

function niceTop(max) {
  if (max <= 4) return 4;
  const power = 10 ** Math.floor(Math.log10(max));
  for (const step of [1, 2, 4, 5, 8, 10]) if (step * power >= max) return step * power;
  return 10 * power;
}

export function sparkline(points, label) {
  const W = 120, H = 28, max = Math.max(1, ...points), n = points.length;
  const x = (i) => (i * W) / n, y = (v) => H - 1 - ((H - 3) * v) / max;
  return s("svg", { class: "spark", viewBox: `0 0 ${W} ${H}`, preserveAspectRatio: "none", role: "img", "aria-label": label },
    points.map((v, i) => s("rect", { x: x(i) + 0.5, y: y(v || 0), width: W / n - 1, height: Math.max(v ? 1.5 : 0.75, H - 1 - y(v || 0)), class: v ? "on" : "off" })));
}

// One bar in parts: share of voice.
export function shareBar(rows, label) {
  let at = 0;
  return s("svg", { class: "share", viewBox: "0 0 100 6", preserveAspectRatio: "none", role: "img", "aria-label": label },
    rows.map((row, i) => {
      const x = at;
      at += row.share * 100;
      return s("rect", { x, y: 0, width: Math.max(row.share * 50, row.share * 100 - (at < 99.9 ? 0.4 : 0)), height: 6, class: `share-${Math.min(i, 5)}` });
    }));
}

function timeTicks(from, to, room) {
  const steps = [5 * MINUTE, 10 * MINUTE, 15 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR, DAY, 2 * DAY, 7 * DAY, 14 * DAY, 30 * DAY];
  const step = steps.find((x) => (to - from) / x <= room) || 60 * DAY;
  const ticks = [];
  for (let t = Math.ceil(from / step) * step; t < to; t += step) ticks.push(t);
  return { ticks, step };
}

// Stacked bars over time. options: {from, step, series: [{intent, points}], line: points, gaps: [{from, to, source, reason}],
// pick(bucket, intent), zoom(from, to)}. Arrow keys move between bars, Enter shows a bar's posts; dragging selects a time.
export function stacked(options) {
  const readout = h("p", { class: "readout", "aria-live": "polite" });
  const frame = h("div", { class: "chart" });
  const box = h("figure", { class: "stacked" }, readout, frame);
  let state = options, current = -1, width = 0, bars = [];

  const count = () => (state.line || (state.series[0] && state.series[0].points) || []).length;
  const bucket = (i) => [state.from + i * state.step, state.from + (i + 1) * state.step];
  const parts = (i) => state.series.filter((x) => x.points[i]).map((x) => `${x.intent} ${num(x.points[i])}`);
  const words = (i) => {
    const [from, to] = bucket(i), all = state.line ? state.line[i] : null;
    if (all === null && state.line) return `${span(from, to)}: no longer kept`;
    return [span(from, to) + ":", state.line ? `${num(all)} ${all === 1 ? "post" : "posts"}` : "", ...parts(i)].filter(Boolean).join(" · ").replace(": ·", ":");
  };
  const rest = () => {
    readout.textContent = state.hint || "";
  };
  function show(i, focus) {
    if (bars[current]) bars[current].setAttribute("tabindex", "-1");
    bars.forEach((bar, k) => bar.classList.toggle("current", k === i));
    current = i;
    if (i < 0) return rest();
    bars[i].setAttribute("tabindex", "0");
    readout.textContent = words(i);
    if (focus) bars[i].focus();
  }

  function draw() {
    const W = Math.max(280, frame.clientWidth || 800), H = W < 500 ? 200 : 260, left = 40, bottom = 24, top = 8, right = 4;
    const n = count(), plotW = W - left - right, plotH = H - top - bottom, hadFocus = frame.contains(document.activeElement);
    const sums = Array.from({ length: n }, (_, i) => state.series.reduce((sum, x) => sum + (x.points[i] || 0), 0));
    const max = niceTop(Math.max(1, ...sums, ...(state.line || []).map((v) => v || 0)));
    const x = (i) => left + (i * plotW) / n, y = (v) => top + plotH - (plotH * v) / max;
    const xt = (t) => left + ((t - state.from) / (n * state.step)) * plotW;
    const end = state.from + n * state.step, { ticks, step } = timeTicks(state.from, end, W < 500 ? 4 : 9);
    const gapW = plotW / n > 4 ? 1 : 0;
    width = W;
    bars = Array.from({ length: n }, (_, i) => {
      let base = 0;
      const pieces = state.series.map((one) => {
        const v = one.points[i] || 0, from = base;
        base += v;
        return v ? s("rect", { class: `h${hue(one.intent)}`, "data-intent": one.intent, x: x(i), y: y(base), width: Math.max(0.5, plotW / n - gapW), height: Math.max(0.5, y(from) - y(base)) }) : null;
      });
      return s("g", { class: "bar", role: "button", tabindex: "-1", "aria-label": words(i),
        onfocus: () => show(i), onmouseenter: () => show(i),
        onclick: (event) => !dragged && state.pick && state.pick(bucket(i), event.target.getAttribute("data-intent")) },
        s("rect", { class: "slot", x: x(i), y: top, width: plotW / n, height: plotH }), pieces);
    });
    const linePath = () => {
      let d = "", pen = false;
      state.line.forEach((v, i) => {
        if (v === null) return (pen = false);
        d += `${pen ? "L" : "M"}${x(i)} ${y(v)}L${x(i + 1)} ${y(v)}`;
        pen = true;
      });
      return s("path", { class: "line", d });
    };
    const svg = s("svg", { viewBox: `0 0 ${W} ${H}`, role: "group", "aria-label": state.label },
      [0, 0.25, 0.5, 0.75, 1].map((f) => max * f).filter((v) => Number.isInteger(v)).map((v) => [
        s("line", { class: "grid", x1: left, x2: W - right, y1: y(v), y2: y(v) }),
        s("text", { class: "tick", x: left - 8, y: y(v) + 4, "text-anchor": "end" }, num(v))]),
      (state.gaps || []).map((gap) => {
        const a = Math.max(left, xt(gap.from)), b = Math.min(W - right, xt(gap.to));
        return b > a ? s("rect", { class: "gap", x: a, y: top, width: Math.max(2, b - a), height: plotH }, s("title", {}, `${gap.source}: nothing was heard (${gap.reason})`)) : null;
      }),
      bars,
      state.line ? linePath() : null,
      ticks.map((t) => s("text", { class: "tick", x: xt(t), y: H - 6, "text-anchor": xt(t) < left + 20 ? "start" : xt(t) > W - 30 ? "end" : "middle" }, step >= DAY || t % DAY === 0 ? day(t).slice(4) : clock(t))),
      selection);
    frame.replaceChildren(svg);
    if (bars.length) bars[Math.min(Math.max(current, 0), n - 1)].setAttribute("tabindex", "0");
    if (hadFocus && bars[current]) bars[current].focus();
    else if (current < 0 || current >= n) rest();
  }

  // --- choosing a time by dragging ---
  const selection = s("rect", { class: "selection", y: 8, height: 0 });
  let start = null, dragged = false;
  const at = (event) => {
    const rect = frame.getBoundingClientRect(), W = width, left = 40, right = 4;
    const px = ((event.clientX - rect.left) / rect.width) * W;
    return Math.min(count(), Math.max(0, ((px - left) / (W - left - right)) * count()));
  };
  frame.addEventListener("pointerdown", (event) => {
    dragged = false;
    if (event.button === 0 && event.pointerType === "mouse") start = at(event);
  });
  const onWindow = (name, listener) => window.addEventListener(name, listener, { signal: options.signal });
  onWindow("pointermove", (event) => {
    if (start === null || !frame.isConnected) return;
    const now = at(event), W = width, plotW = W - 44, n = count();
    if (Math.abs(now - start) * (plotW / n) < 6) return;
    dragged = true;
    const a = Math.floor(Math.min(start, now)), b = Math.ceil(Math.max(start, now));
    selection.setAttribute("x", 40 + (a * plotW) / n);
    selection.setAttribute("width", ((b - a) * plotW) / n);
    selection.setAttribute("height", (W < 500 ? 200 : 260) - 32);
    readout.textContent = `Show ${span(state.from + a * state.step, state.from + b * state.step)}`;
  });
  onWindow("pointerup", (event) => {
    if (start === null) return;
    const now = at(event), a = Math.floor(Math.min(start, now)), b = Math.ceil(Math.max(start, now));
    start = null;
    selection.setAttribute("height", 0);
    if (dragged && state.zoom && frame.isConnected) state.zoom(state.from + a * state.step, state.from + b * state.step);
    setTimeout(() => (dragged = false));
  });
  frame.addEventListener("keydown", (event) => {
    const n = count(), moves = { ArrowRight: 1, ArrowLeft: -1, PageDown: 10, PageUp: -10, Home: -n, End: n };
    if (event.key in moves) {
      show(Math.min(n - 1, Math.max(0, Math.max(current, 0) + moves[event.key])), true);
      event.preventDefault();
    } else if ((event.key === "Enter" || event.key === " ") && current >= 0) {
      if (state.pick) state.pick(bucket(current), null);
      event.preventDefault();
    }
  });
  frame.addEventListener("mouseleave", () => !frame.contains(document.activeElement) && show(-1));
  new ResizeObserver(() => frame.clientWidth && Math.abs(frame.clientWidth - width) > 1 && draw()).observe(frame);
  queueMicrotask(draw);
  return {
    node: box,
    update(next) {
      if (next.from !== state.from || next.step !== state.step) current = -1;
      state = next;
      draw();
    },
  };
}
