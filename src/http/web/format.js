// Numbers and times as people read them. Times are UTC.

const number = new Intl.NumberFormat("en");
const compact = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });
const percent = new Intl.NumberFormat("en", { style: "percent", maximumFractionDigits: 0 });
const tenths = new Intl.NumberFormat("en", { style: "percent", maximumFractionDigits: 1 });
const DAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

export const MINUTE = 60e3, HOUR = 60 * MINUTE, DAY = 24 * HOUR;

export const num = (n) => (n === null || n === undefined ? "–" : number.format(n));
export const short = (n) => (n < 10000 ? number.format(n) : compact.format(n));
export const share = (x) => (x === null || x === undefined ? "–" : x > 0 && x < 0.001 ? "< 0.1%" : x < 0.01 ? tenths.format(x) : percent.format(x));

const two = (n) => String(n).padStart(2, "0");
export const clock = (ms) => { const d = new Date(ms); return `${two(d.getUTCHours())}:${two(d.getUTCMinutes())}`; };
export const day = (ms) => { const d = new Date(ms); return `${DAYS[d.getUTCDay()]} ${d.getUTCDate()} ${MONTHS[d.getUTCMonth()]}`; };
export const dayYear = (ms) => `${day(ms)} ${new Date(ms).getUTCFullYear()}`;
export const moment = (ms) => `${day(ms)}, ${clock(ms)}`;
export const iso = (ms) => new Date(ms).toISOString();
export const time = (text) => (text ? Date.parse(text) : null);

// "5 minutes", "2 days"
export function ago(ms) {
  const [n, unit] = ms < MINUTE ? [Math.round(ms / 1000), "second"] : ms < HOUR ? [Math.round(ms / MINUTE), "minute"]
    : ms < 2 * DAY ? [Math.round(ms / HOUR), "hour"] : [Math.round(ms / DAY), "day"];
  return `${n} ${unit}${n === 1 ? "" : "s"}`;
}

// A bucket, as words: "Fri 20 Nov, 13:00–13:10", "Fri 20 Nov"
export function span(from, to) {
  if (to - from >= DAY && from % DAY === 0) return to - from === DAY ? dayYear(from) : `${day(from)} – ${dayYear(to - 1)}`;
  if (Math.floor(from / DAY) === Math.floor((to - 1) / DAY)) return `${day(from)}, ${clock(from)}–${clock(to)}`;
  return `${moment(from)} – ${moment(to)}`;
}

export const plural = (n, one, many) => `${num(n)} ${n === 1 ? one : many || one + "s"}`;

const LANGS = new Intl.DisplayNames(["en"], { type: "language", fallback: "code" });
export function lang(code) {
  if (code === "und") return "not said";
  try {
    return LANGS.of(code);
  } catch {
    return code; // what a platform sent need not be a language tag
  }
}
