// A violin: where the pitch is against the note meant, and how the last notes were.

import { ink, line, surface, text, waiting } from "./canvas.js";
import { h, write } from "./dom.js";
import { Events, Rows } from "./history.js";
import { noteName } from "./units.js";
import { join } from "./view_sound.js";

const RANGE = 50; // cents to either side of the needle
const FINE = 10; // cents within which a note is in tune
const SURE = 0.5; // periodicity, or reliability, from which a figure is shown
const SECONDS = 4;
const RATE = 100;

// The needle and the trace of the pitch, from frames (MIDI number, periodicity, dBFS).
export function pitchGauge(session, { node, output }) {
  const rows = new Rows(3, SECONDS, RATE);
  const release = session.watch(node, output, 30, ({ t, data }) => rows.add(t, data, 1 / RATE));
  const drawn = surface(
    `Pitch heard by ${node}`,
    (context, width, height) => {
      if (!rows.length) return waiting(context, width, height, "no sound yet");
      const last = newest(rows);
      trace(context, width, height, rows);
      if (!last) return text(context, "no note", width / 2, 26, { align: "center", size: 18 });
      needle(context, width, last);
    },
    { class: "surface tall" },
  );
  return { ...join(drawn, release), clear: () => rows.clear() };
}

function newest(rows) {
  let found = 0;
  rows.each(rows.newest - 0.15, (_, at) => {
    if (rows.values[at + 1] >= SURE && rows.values[at] > 0) found = rows.values[at];
  });
  return found;
}

const cents = (pitch) => 100 * (pitch - Math.round(pitch));

function needle(context, width, pitch) {
  const off = cents(pitch);
  const good = Math.abs(off) <= FINE;
  const x = width / 2 + (off / RANGE) * (width / 2 - 16);
  text(context, noteName(pitch), width / 2, 38, {
    align: "center",
    size: 30,
    colour: "ink",
    weight: 700,
  });
  text(context, `${off > 0 ? "+" : "−"}${Math.abs(off).toFixed(0)} cents`, width - 8, 18, {
    align: "right",
    colour: good ? "good" : "warn",
    size: 14,
    weight: 600,
  });
  line(context, 16, 58, width - 16, 58, "line", 2);
  for (const mark of [-50, -25, 0, 25, 50])
    tick(context, width / 2 + (mark / RANGE) * (width / 2 - 16), mark);
  line(context, x, 46, x, 70, good ? "good" : "warn", 4);
}

function tick(context, x, mark) {
  line(context, x, 53, x, 63, "quiet", mark ? 1 : 2);
  text(context, String(mark).replace("-", "−"), x, 82, { align: "center", size: 11 });
}

// Cents from the nearest note over time: vibrato is seen as a wave.
function trace(context, width, height, rows) {
  const [top, low] = [94, height - 6];
  const middle = (top + low) / 2;
  const since = rows.newest - SECONDS;
  const y = (value) => middle - (value / RANGE) * ((low - top) / 2);
  context.fillStyle = ink("raised");
  context.fillRect(0, y(FINE), width, y(-FINE) - y(FINE));
  line(context, 0, middle, width, middle);
  context.fillStyle = ink("accent");
  rows.each(since, (t, at) => {
    if (rows.values[at + 1] < SURE || !(rows.values[at] > 0)) return;
    context.fillRect(((t - since) / SECONDS) * width, y(cents(rows.values[at])) - 1, 2.5, 2.5);
  });
}

const COLUMNS = [
  ["note", ({ target, pitch }) => noteName(target || pitch.value)],
  ["cents", ({ intonation }) => figure(intonation, (v) => signed(v, 0))],
  [
    "vibrato",
    (note) =>
      figure(note.vibrato_rate, (v) =>
        v > 0 ? `${v.toFixed(1)} Hz ±${note.vibrato_extent.value.toFixed(0)}` : "none",
      ),
  ],
  ["timing", ({ timing }) => figure(timing, (v) => `${signed(1000 * v, 0)} ms`)],
  ["level", ({ level }) => figure(level, (v) => `${signed(v, 0)} dB`)],
  ["bow", ({ bow_change: bow }) => figure(bow, (v) => (v >= 0.5 ? "turned" : "same"))],
];
const NOTES_SHOWN = 8;

const figure = ({ value, reliability }, say) => (reliability >= SURE ? say(value) : "–");
const signed = (value, digits) =>
  `${value > 0 ? "+" : value < 0 ? "−" : ""}${Math.abs(value).toFixed(digits)}`;

// The last notes as a table, the newest first.
export function playedNotes(session, { node, output }) {
  const events = new Events(NOTES_SHOWN);
  const rows = h("tbody");
  const table = h(
    "table",
    { class: "notes" },
    h("caption", { class: "hidden" }, `Notes heard by ${node}`),
    h(
      "thead",
      {},
      h(
        "tr",
        {},
        COLUMNS.map(([name]) => h("th", { scope: "col" }, name)),
      ),
    ),
    rows,
  );
  const show = () =>
    rows.replaceChildren(
      ...[...events.list].reverse().map(({ data }) => {
        const off = data.intonation;
        const judged =
          off.reliability < SURE ? "quiet" : Math.abs(off.value) <= FINE ? "good" : "warn";
        return h(
          "tr",
          { "data-judged": judged },
          COLUMNS.map(([, say]) => h("td", {}, say(data))),
        );
      }),
    );
  const close = session.watch(node, output, 30, (event) => {
    events.add(event);
    show();
  });
  return {
    element: h(
      "div",
      { class: "scroll", tabindex: "0", role: "group", "aria-label": "Notes heard" },
      table,
    ),
    close,
    clear: () => {
      events.clear();
      show();
    },
  };
}

// The last hint to the player, in large letters.
export function cueLine(session, { node, output }) {
  const words = h("p", { class: "cue" }, "no hint yet");
  const about = h("p", { class: "quiet" });
  const close = session.watch(node, output, 30, ({ data }) => {
    write(words, data.text);
    write(
      about,
      `${data.topic} · ${signed(data.value, 1)} ${data.unit} · sure ${(100 * data.reliability).toFixed(0)} %`,
    );
  });
  return {
    element: h("div", { class: "cue-line" }, words, about),
    close,
    clear: () => write(words, "no hint yet"),
  };
}
