// Features: many bands as a scrolling picture, a few as curves with the beats over them.

import { ink, line, surface, text, waiting } from "./canvas.js";
import { h } from "./dom.js";
import { Events, Rows } from "./history.js";
import { join } from "./view_sound.js";

const SECONDS = 6;
const CURVES = 6; // up to this many numbers are drawn as curves
const STEPS = 256; // of the colour ramp

export function features(session, stream) {
  const size = stream.format?.size || 1;
  return size > CURVES ? scroll(session, stream, size) : curves(session, stream, size);
}

const stepOf = (format) => 1 / (format?.rate || 100);

function scroll(session, { node, output, format }, size) {
  const picture = h("canvas");
  const rate = Math.min(format?.rate || 100, 200);
  picture.width = Math.ceil(SECONDS * rate);
  picture.height = size;
  const paper = picture.getContext("2d", { willReadFrequently: true });
  const state = {
    count: 0,
    low: Infinity,
    high: -Infinity,
    column: paper.createImageData(1, size),
  };
  const release = session.watch(node, output, 30, ({ data }) =>
    paint(paper, picture, state, data, size),
  );
  const drawn = surface(`${format?.content || "Features"} of ${node}`, (context, width, height) => {
    if (!state.count) return waiting(context, width, height);
    context.imageSmoothingEnabled = false;
    const now = state.count % picture.width;
    const part = (width * now) / picture.width;
    context.drawImage(picture, now, 0, picture.width - now, size, 0, 0, width - part, height);
    if (now) context.drawImage(picture, 0, 0, now, size, width - part, 0, part, height);
  });
  const clear = () => {
    state.count = 0;
    paper.clearRect(0, 0, picture.width, size);
  };
  return { ...join(drawn, release), clear };
}

function paint(paper, picture, state, data, size) {
  for (let start = 0; start + size <= data.length; start += size) {
    adapt(state, data, start, size);
    const span = state.high - state.low || 1;
    for (let i = 0; i < size; i++) {
      const level = Math.max(0, Math.min(1, (data[start + i] - state.low) / span));
      state.column.data.set(RAMP[Math.round(level * (STEPS - 1))], 4 * (size - 1 - i));
    }
    paper.putImageData(state.column, state.count++ % picture.width, 0);
  }
}

// The range of the colours follows the values, quickly outwards and slowly inwards.
function adapt(state, data, start, size) {
  let low = Infinity;
  let high = -Infinity;
  for (let i = start; i < start + size; i++) {
    low = Math.min(low, data[i]);
    high = Math.max(high, data[i]);
  }
  state.low = Math.min(low, state.low === Infinity ? low : state.low + (low - state.low) * 0.01);
  state.high = Math.max(
    high,
    state.high === -Infinity ? high : state.high + (high - state.high) * 0.01,
  );
}

// From black over blue and orange to white, ever brighter: also without colour it can be read.
const KNOTS = [
  [8, 10, 20],
  [38, 45, 120],
  [150, 50, 120],
  [240, 120, 60],
  [255, 235, 170],
];
const RAMP = Array.from({ length: STEPS }, (_, i) => {
  const at = (i / (STEPS - 1)) * (KNOTS.length - 1);
  const [from, to] = [KNOTS[Math.floor(at)], KNOTS[Math.min(Math.floor(at) + 1, KNOTS.length - 1)]];
  return [...from.map((value, c) => value + (to[c] - value) * (at % 1)), 255];
});

const INKS = ["accent", "down", "good", "warn", "bad", "quiet"];

function curves(session, { node, output, format, beats }, size) {
  const rows = new Rows(size, SECONDS, Math.min(format?.rate || 100, 200));
  const strikes = new Events();
  const ends = [
    session.watch(node, output, 30, ({ t, data }) => rows.add(t, data, stepOf(format))),
  ];
  if (beats) ends.push(session.watch(beats.node, beats.output, 30, (event) => strikes.add(event)));
  const names = (format?.content ?? "").split(",").map((name) => name.trim());
  const drawn = surface(`${format?.content || "Values"} of ${node}`, (context, width, height) => {
    if (!rows.length) return waiting(context, width, height);
    const since = rows.newest - SECONDS;
    strikes.list.forEach((beat) =>
      beatLine(context, width, height, (beat.t - since) / SECONDS, beat.data),
    );
    const range = extent(rows, since, size);
    for (let i = 0; i < size; i++) curve(context, width, height, rows, since, i, range);
    names
      .slice(0, size)
      .forEach((name, i) => name && text(context, name, 8, 16 + 15 * i, { colour: INKS[i] }));
    text(context, short(range.high), width - 6, 14, { align: "right" });
    text(context, short(range.low), width - 6, height - 5, { align: "right" });
  });
  const clear = () => {
    rows.clear();
    strikes.clear();
  };
  return { ...join(drawn, ...ends), clear };
}

const short = (value) => Number(value.toPrecision(3)).toString().replace("-", "−");

function beatLine(context, width, height, at, { position }) {
  if (at >= 0 && at <= 1.05)
    line(
      context,
      at * width,
      0,
      at * width,
      height,
      position === 1 ? "down" : "line",
      position === 1 ? 2 : 1,
    );
}

function extent(rows, since, size) {
  let [low, high] = [Infinity, -Infinity];
  rows.each(since, (_, at) => {
    for (let i = at; i < at + size; i++) {
      low = Math.min(low, rows.values[i]);
      high = Math.max(high, rows.values[i]);
    }
  });
  const between = low >= 0 && high <= 1; // shares and probabilities keep their scale
  return between ? { low: 0, high: 1 } : { low, high: high > low ? high : low + 1 };
}

function curve(context, width, height, rows, since, i, { low, high }) {
  context.strokeStyle = ink(INKS[i % INKS.length]);
  context.lineWidth = 1.75;
  context.beginPath();
  let pen = false;
  rows.each(since, (t, at) => {
    const x = ((t - since) / SECONDS) * width;
    const y = height - 3 - ((rows.values[at + i] - low) / (high - low)) * (height - 6);
    pen ? context.lineTo(x, y) : context.moveTo(x, y);
    pen = true;
  });
  context.stroke();
}
