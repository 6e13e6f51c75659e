// The beat as it falls: a lamp, the place in the bar, the tempo; and the curve of the tempo.

import { ink, line, surface, text, waiting } from "./canvas.js";
import { h, write } from "./dom.js";
import { everyFrame, period } from "./frames.js";
import { Events, Rows } from "./history.js";
import { shown } from "./screen.js";
import { join } from "./view_sound.js";

export const LAMP = 0.12; // s that the lamp shines
const KNOWN = 8; // beats that are remembered
const CURVE = 30; // s of tempo

// Follows beats, and says at any moment which is the last that has fallen.
export class Pulse {
  constructor(session, { node, output }) {
    this.clock = session.clock;
    this.beats = new Events(KNOWN);
    this.told = null; // time of the beat that was noted last
    this.close = session.watch(node, output, 60, (event) => this.beats.add(event));
  }

  // {beat, age (s), lit}, or null before the first; notes when a beat is first seen on the screen.
  look() {
    const now = this.clock.now() + period(); // what is drawn now is seen with the next repaint
    const found = this.beats.at(now);
    if (!found) return null;
    const age = now - found.t;
    if (this.told !== found.t) {
      this.told = found.t;
      if (age < 1) shown("beat", found.t, this.clock);
    }
    return { beat: found.data, age, lit: age < LAMP };
  }

  clear() {
    this.beats.clear();
  }
}

// Lamp, BPM and the bar in large letters; `size` is "tile" or "stage".
export function beatPanel(session, stream, size = "tile") {
  const pulse = new Pulse(session, stream);
  const lamp = h("div", { class: "beat-lamp", "aria-hidden": "true" });
  const number = h("span", { class: "bpm" }, "–");
  const dots = h("div", { class: "bar-dots", role: "img", "aria-label": "place in the bar" });
  const sure = h("span", { class: "quiet sure" }, "listening");
  const element = h(
    "div",
    { class: `beat-panel ${size === "stage" ? "large" : ""}` },
    lamp,
    h("div", { class: "bpm-line" }, number, h("span", { class: "unit" }, "BPM")),
    dots,
    sure,
  );
  const end = everyFrame(element, () => {
    const seen = pulse.look();
    lamp.classList.toggle("lit", Boolean(seen?.lit));
    lamp.classList.toggle("one", seen?.beat.position === 1);
    if (!seen) return;
    write(number, seen.beat.bpm.toFixed(size === "stage" ? 0 : 1));
    showBar(dots, seen.beat);
    const stale = seen.age > 2 * seen.beat.period + 1;
    write(sure, stale ? "no beat heard" : `sure ${(100 * seen.beat.confidence).toFixed(0)} %`);
    element.classList.toggle("stale", stale);
  });
  const close = () => {
    end();
    pulse.close();
  };
  return { element, close, clear: () => pulse.clear() };
}

function showBar(dots, { position, meter }) {
  const count = meter || 4;
  if (dots.children.length !== count) {
    dots.replaceChildren(...Array.from({ length: count }, (_, i) => h("span", {}, i + 1)));
  }
  [...dots.children].forEach((dot, i) => dot.classList.toggle("now", i + 1 === position));
  dots.setAttribute("aria-label", position ? `beat ${position} of ${count}` : `bar of ${count}`);
}

export function tempoCurve(session, { node, output }) {
  const rows = new Rows(2, CURVE, 30);
  const release = session.watch(node, output, 15, ({ t, data }) =>
    rows.add(t, Float32Array.of(data.playing ? data.bpm : NaN, data.confidence), 0),
  );
  const drawn = surface(`Tempo of ${node}`, (context, width, height) => {
    const range = tempoRange(rows);
    if (!range) return waiting(context, width, height, "no music followed yet");
    drawTempo(context, width, height, rows, range);
  });
  return { ...join(drawn, release), clear: () => rows.clear() };
}

function tempoRange(rows) {
  const found = [];
  rows.each(
    rows.newest - CURVE,
    (_, at) => Number.isFinite(rows.values[at]) && found.push(rows.values[at]),
  );
  if (!found.length) return null;
  const last = found[found.length - 1];
  found.sort((a, b) => a - b);
  const [low, high] = [
    found[Math.floor(0.1 * found.length)],
    found[Math.floor(0.9 * found.length)],
  ];
  const pad = Math.max(8 - (high - low) / 2, 4);
  return { low: Math.min(low, last) - pad, high: Math.max(high, last) + pad, last };
}

function drawTempo(context, width, height, rows, { low, high, last }) {
  const since = rows.newest - CURVE;
  const y = (bpm) => height - ((bpm - low) / (high - low)) * height;
  for (let bpm = Math.ceil(low / 5) * 5; bpm < high; bpm += 5) {
    line(context, 0, y(bpm), width, y(bpm));
    text(context, bpm, 6, y(bpm) - 3, { size: 11 });
  }
  context.strokeStyle = ink("accent");
  context.lineWidth = 2;
  context.beginPath();
  let pen = false;
  rows.each(since, (t, at) => {
    const bpm = rows.values[at];
    const x = ((t - since) / CURVE) * width;
    if (Number.isFinite(bpm)) pen ? context.lineTo(x, y(bpm)) : context.moveTo(x, y(bpm));
    pen = Number.isFinite(bpm);
  });
  context.stroke();
  text(context, `${last.toFixed(1)} BPM`, width - 8, 18, {
    align: "right",
    size: 15,
    colour: "ink",
    weight: 600,
  });
}
