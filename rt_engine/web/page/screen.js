// How late things reach the screen, measured where they are drawn, for the page and for benchmarks.

import { here } from "./clock.js";

const KEPT = 600;
const measured = new Map(); // what -> [s]

// `what` that belongs to engine time `t` (s) is drawn now: by the next repaint it is seen.
export function shown(what, t, clock) {
  if (clock.offset === null) return;
  requestAnimationFrame(() => {
    const late = here() + clock.offset - t;
    const list = measured.get(what) ?? [];
    list.push(late);
    if (list.length > KEPT) list.shift();
    measured.set(what, list);
  });
}

// {count, p50, p95} in seconds of each thing that was shown.
export function lateness() {
  const at = (sorted, part) =>
    sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))];
  return Object.fromEntries(
    [...measured].map(([what, list]) => {
      const sorted = [...list].sort((a, b) => a - b);
      return [what, { count: list.length, p50: at(sorted, 0.5), p95: at(sorted, 0.95) }];
    }),
  );
}

export const forget = () => measured.clear();
