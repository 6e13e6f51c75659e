// The bow and the posture of a violinist, as a camera sees them.

import { ink, line, surface, text, waiting } from "./canvas.js";
import { h, write } from "./dom.js";
import { Events, Rows } from "./history.js";
import { join } from "./view_sound.js";

const SECONDS = 6;
const SURE = 0.5; // from which a figure is shown
const SPAN = 0.75; // m, about the length of a bow's hair
const STROKES = 6;

// Where the hand is along the bow, from frames (m, how well it is seen); strokes up and down.
export function bowPath(session, { node, output, format }) {
  const rows = new Rows(2, SECONDS, format?.rate || 60);
  const release = session.watch(node, output, 30, ({ t, data }) =>
    rows.add(t, data, 1 / (format?.rate || 30)),
  );
  const drawn = surface(
    `Way of the bow, ${node}`,
    (context, width, height) => {
      if (!rows.length) return waiting(context, width, height, "no bow seen yet");
      const since = rows.newest - SECONDS;
      const middle = centre(rows, since);
      const place = (value) => height / 2 + ((value - middle) / SPAN) * (height - 24);
      text(context, "frog", 8, 14);
      text(context, "tip", 8, height - 6);
      line(context, 0, height / 2, width, height / 2);
      rows.each(since, (t, at) => {
        if (rows.values[at + 1] < SURE) return;
        context.fillStyle = ink("accent");
        context.fillRect(((t - since) / SECONDS) * width - 1.5, place(rows.values[at]) - 1.5, 3, 3);
      });
    },
    { class: "surface tall" },
  );
  return { ...join(drawn, release), clear: () => rows.clear() };
}

function centre(rows, since) {
  let [sum, count] = [0, 0];
  rows.each(since, (_, at) => {
    sum += rows.values[at];
    count += 1;
  });
  return count ? sum / count : 0;
}

const COLUMNS = [
  ["bow", ({ direction }) => (direction > 0 ? "down" : "up")],
  ["length", ({ amount }) => figure(amount, (v) => `${(100 * v).toFixed(0)} cm`)],
  ["speed", ({ speed }) => figure(speed, (v) => `${v.toFixed(2)} m/s`)],
  ["a minute", ({ rate }) => figure(rate, (v) => v.toFixed(0))],
  ["straight", ({ straightness }) => figure(straightness, (v) => `${(100 * v).toFixed(0)} %`)],
];

const figure = ({ value, reliability }, say) => (reliability >= SURE ? say(value) : "–");

// The last strokes as a table, the newest first.
export function bowStrokes(session, { node, output }) {
  const events = new Events(STROKES);
  const rows = h("tbody");
  const show = () =>
    rows.replaceChildren(
      ...[...events.list].reverse().map(({ data }) =>
        h(
          "tr",
          {},
          COLUMNS.map(([, say]) => h("td", {}, say(data))),
        ),
      ),
    );
  const close = session.watch(node, output, 30, (event) => {
    events.add(event);
    show();
  });
  const head = h(
    "tr",
    {},
    COLUMNS.map(([name]) => h("th", { scope: "col" }, name)),
  );
  const table = h(
    "table",
    { class: "notes" },
    h("caption", { class: "hidden" }, `Strokes seen by ${node}`),
    h("thead", {}, head),
    rows,
  );
  const element = h(
    "div",
    { class: "scroll", tabindex: "0", role: "group", "aria-label": "Strokes of the bow" },
    table,
  );
  return {
    element,
    close,
    clear: () => {
      events.clear();
      show();
    },
  };
}

// field: its name, its unit, the value at the end of the gauge, what less and more of it means.
const PARTS = [
  ["shoulders", "°", 15, "right high", "left high"],
  ["elbow", "cm", 15, "low", "high"],
  ["head", "°", 20, "right", "left"],
  ["hand", "cm", 15, "low", "high"],
];

// Posture against the player's own good one: each part between two ends, the middle is good.
export function posture(session, { node, output }) {
  const rows = PARTS.map(([name, unit, most, less, more]) => part(name, unit, most, less, more));
  const about = h("p", { class: "quiet" }, "");
  const close = session.watch(node, output, 10, ({ data }) => {
    rows.forEach((row, i) => row.show(data[PARTS[i][0]]));
    write(about, data.calibrated ? "" : "the good posture is not calibrated yet");
  });
  return {
    element: h(
      "div",
      { class: "gauges" },
      rows.map(({ element }) => element),
      about,
    ),
    close,
    clear: () => {},
  };
}

function part(name, unit, most, less, more) {
  const words = h("span", {}, "–");
  const dot = h("span", { class: "swing-dot" });
  const show = ({ value, reliability }) => {
    const sure = reliability >= SURE;
    dot.hidden = !sure;
    dot.style.left = `${50 + 50 * Math.max(-1, Math.min(1, value / most))}%`;
    const way = Math.abs(value) < 0.05 * most ? "good" : value > 0 ? more : less;
    write(words, sure ? `${way} ${Math.abs(value).toFixed(0)} ${unit}` : "not seen well");
  };
  const swing = h("span", { class: "swing", "aria-hidden": "true" }, dot);
  return {
    element: h("div", { class: "gauge-row" }, h("span", { class: "quiet" }, name), words, swing),
    show,
  };
}
