// Figures as people read them.

const SOON = 1e-6; // s: what was due later, and is there, has no age

// Seconds as people read them: "61 ms", "0.4 ms", "20 µs", "−80 ms".
export function ms(seconds) {
  return Math.abs(seconds) < SOON ? "on time" : duration(seconds);
}

// The same of a duration, which may be nothing.
export function duration(seconds) {
  if (!Number.isFinite(seconds)) return "–";
  const value = seconds * 1000;
  if (Math.abs(value) < 0.095) return `${minus(Math.round(value * 1000))} µs`;
  return `${minus(value.toFixed(Math.abs(value) < 9.95 ? 1 : 0))} ms`;
}

// Median and 99th percentile in one: "0.4 / 2.1 ms".
export function both(p50, p99, say = ms) {
  const [low, high] = [say(p50), say(p99)];
  if (low === high) return high;
  const unit = high.split(" ")[1];
  return unit && low.endsWith(` ${unit}`) ? `${low.split(" ")[0]} / ${high}` : `${low} / ${high}`;
}

const minus = (text) => String(text).replace("-", "−");

export function perSecond(rate = 0) {
  return `${rate >= 99.5 ? Math.round(rate) : Number(rate.toPrecision(2))}/s`;
}

export function clockTime(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const minutes = Math.floor(whole / 60) % 60;
  const rest = String(whole % 60).padStart(2, "0");
  const hours = Math.floor(whole / 3600);
  return hours ? `${hours}:${String(minutes).padStart(2, "0")}:${rest}` : `${minutes}:${rest}`;
}

export const NOTES = ["C", "C♯", "D", "E♭", "E", "F", "F♯", "G", "A♭", "A", "B♭", "B"];

// MIDI number to its name: 69 is "A4".
export const noteName = (pitch) =>
  `${NOTES[((Math.round(pitch) % 12) + 12) % 12]}${Math.floor(Math.round(pitch) / 12) - 1}`;

// "good", "warn" or "bad": a path's latency against its budget, all in seconds.
export function verdict(p50, p99, budget) {
  if (!Number.isFinite(p50) || !budget) return "quiet";
  if (p50 > budget) return "bad";
  return p99 > budget ? "warn" : "good";
}

// "spectral_flux" as a label: "spectral flux".
export const label = (name) => name.replaceAll("_", " ");
