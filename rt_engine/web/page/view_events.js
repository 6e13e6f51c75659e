// Streams of single things: expression, notes, onsets and phrases; and what was sent to others.

import { ink, line, surface, text, waiting } from "./canvas.js";
import { h, write } from "./dom.js";
import { Events } from "./history.js";
import { noteName } from "./units.js";
import { join } from "./view_sound.js";

const SECONDS = 8;
const DYNAMICS = ["pp", "p", "mp", "mf", "f", "ff"];
const ARTICULATIONS = ["legato", "neutral", "staccato"];
const DRUM_CHANNEL = 10;

// Dynamics and articulation: the class in words, the value without steps as a bar.
export function expression(session, { node, output }) {
  const gauges = { level: gauge("dynamics"), detached: gauge("articulation") };
  const close = session.watch(node, output, 15, ({ data }) => {
    gauges.level.show(data.dynamics >= 0 ? DYNAMICS[data.dynamics] : "–", data.level);
    gauges.detached.show(
      data.articulation >= 0 ? ARTICULATIONS[data.articulation] : "–",
      data.detached,
    );
  });
  return {
    element: h("div", { class: "gauges" }, gauges.level.element, gauges.detached.element),
    close,
    clear: () => {},
  };
}

function gauge(name) {
  const words = h("span", { class: "gauge-word" }, "–");
  const bar = h("meter", { min: 0, max: 1, value: 0, "aria-label": name });
  const show = (word, value) => {
    write(words, word);
    bar.value = value;
  };
  return {
    element: h("div", { class: "gauge-row" }, h("span", { class: "quiet" }, name), words, bar),
    show,
  };
}

// Notes as a scrolling roll; those of the future are to the right of the line "now".
export function notesRoll(session, { node, output }) {
  const notes = new Events(256);
  const release = session.watch(node, output, 60, (event) => notes.add(event));
  const drawn = surface(`Notes of ${node}`, (context, width, height) => {
    if (!notes.list.length) return waiting(context, width, height, "no notes yet");
    const now = session.clock.now();
    const x = (t) => ((t - now) / SECONDS + 0.92) * width;
    const pitches = notes.list.map(({ data }) => data.pitch);
    const [low, high] = [Math.min(...pitches) - 2, Math.max(...pitches) + 2];
    const step = height / (high - low);
    for (const { t, data } of notes.list) {
      context.globalAlpha = 0.4 + (0.6 * data.velocity) / 127;
      context.fillStyle = ink(data.channel === DRUM_CHANNEL ? "down" : "accent");
      context.fillRect(
        x(t),
        height - (data.pitch - low + 0.5) * step,
        Math.max(3, (Math.min(data.duration, 4) / SECONDS) * width),
        Math.max(3, step * 0.8),
      );
    }
    context.globalAlpha = 1;
    line(context, x(now), 0, x(now), height, "focus");
    const last = notes.last.data;
    text(
      context,
      last.channel === DRUM_CHANNEL ? `drum ${last.pitch}` : noteName(last.pitch),
      8,
      16,
      { colour: "ink" },
    );
  });
  return { ...join(drawn, release), clear: () => notes.clear() };
}

// Onsets as strokes of their strength, phrases as lines with their number.
export function ticks(session, { node, output }) {
  const events = new Events(256);
  const release = session.watch(node, output, 60, (event) => events.add(event));
  const drawn = surface(`Events of ${node}, ${output}`, (context, width, height) => {
    if (!events.list.length) return waiting(context, width, height, "none yet");
    const now = session.clock.now();
    const most = Math.max(...events.list.map(({ data }) => data.strength ?? 1), 1e-9);
    for (const { t, data } of events.list) {
      const x = ((t - now) / SECONDS + 0.95) * width;
      const tall = data.strength === undefined ? 1 : data.strength / most;
      line(
        context,
        x,
        height,
        x,
        height - tall * (height - 18),
        data.confirmed === false ? "quiet" : "accent",
        2,
      );
      if (data.index !== undefined && data.strength === undefined)
        text(context, `${data.index}`, x + 4, 14);
    }
  });
  return { ...join(drawn, release), clear: () => events.clear() };
}

const LINES = 60;

// What a sink sent: address, type tags and values of OSC, or bytes of MIDI.
export function monitor(session, { node }) {
  const list = h("tbody");
  const close = session.watch(node, "", 30, ({ address, tags, values }) => {
    const shown = (values ?? [])
      .map((value) => (typeof value === "number" ? Number(value.toFixed(4)) : value))
      .join(" ");
    list.prepend(
      h("tr", {}, h("td", {}, address), h("td", { class: "tags" }, tags ?? ""), h("td", {}, shown)),
    );
    while (list.children.length > LINES) list.lastElementChild.remove();
  });
  const table = h(
    "table",
    { class: "monitor" },
    h("caption", { class: "hidden" }, `Sent by ${node}`),
    h(
      "thead",
      {},
      h(
        "tr",
        {},
        ["sent", "tags", "values"].map((name) => h("th", { scope: "col" }, name)),
      ),
    ),
    list,
  );
  return {
    element: h(
      "div",
      { class: "scroll", tabindex: "0", role: "group", "aria-label": `Sent by ${node}` },
      table,
    ),
    close,
    clear: () => list.replaceChildren(),
  };
}
