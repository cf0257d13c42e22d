// What the views share: the time that "now" is. While posts come in it is the clock; where the newest post is hours old
// (history was loaded, or nothing comes any more) it is that post's time, so that there is something to look at.

import { live } from "./live.js";
import { MINUTE, HOUR } from "./format.js";

export const STALE = 3 * HOUR;

export function anchor() {
  const now = Date.now();
  if (live.latest && now - live.latest > STALE) return live.latest + MINUTE;
  return now;
}
