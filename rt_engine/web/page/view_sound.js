// Sound as a waveform: the least and the largest sample of each 5 ms.

import { line, surface, ink, waiting, text } from "./canvas.js";
import { Rows } from "./history.js";

const SECONDS = 4;
const RATE = 200; // columns a second
const FLOOR = -60; // dBFS

export function waveform(session, { node, output }) {
  const rows = new Rows(2, SECONDS, RATE);
  let peak = 0;
  const release = session.watch(node, output, 30, ({ t, data }) => {
    rows.add(t, data, 1 / RATE);
    for (const value of data) peak = Math.max(peak * 0.9995, Math.abs(value));
  });
  const drawn = surface(`Waveform of ${node}`, (context, width, height) => {
    if (!rows.length) return waiting(context, width, height, "no sound yet");
    draw(context, width, height, rows);
    const level = 20 * Math.log10(Math.max(peak, 1e-6));
    text(
      context,
      level > FLOOR ? `peak ${level.toFixed(0).replace("-", "−")} dBFS` : "silence",
      8,
      16,
    );
  });
  return { ...join(drawn, release), clear: () => rows.clear() };
}

function draw(context, width, height, rows) {
  const since = rows.newest - SECONDS;
  const middle = height / 2;
  line(context, 0, middle, width, middle);
  context.fillStyle = ink("accent");
  const column = width / (SECONDS * RATE);
  rows.each(since, (t, at) => {
    const x = ((t - since) / SECONDS) * width;
    const top = middle - rows.values[at + 1] * middle;
    const low = middle - rows.values[at] * middle;
    context.fillRect(
      x - column,
      Math.min(top, low),
      Math.max(column, 1),
      Math.max(1, Math.abs(low - top)),
    );
  });
}

// A view from a surface and the ways to end what feeds it.
export function join(drawn, ...ends) {
  const close = () => {
    drawn.close();
    for (const end of ends) end();
  };
  return { element: drawn.element, close };
}
