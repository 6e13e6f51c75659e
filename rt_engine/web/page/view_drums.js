// The bar of drums that sounds, the one being written behind it, and mutes.

import { ink, line, surface, text, waiting } from "./canvas.js";
import { button, h } from "./dom.js";
import { Events } from "./history.js";
import { join } from "./view_sound.js";

const DRUMS = [
  "kick",
  "snare",
  "closed hi-hat",
  "open hi-hat",
  "low tom",
  "mid tom",
  "high tom",
  "crash",
  "ride",
];
const LABELS = 92; // px in front of the grid

export function drumGrid(session, { node, output }) {
  const bars = new Events(6);
  const release = session.watch(node, output, 30, (event) => bars.add(event));
  const drawn = surface(
    `Bar of drums of ${node}`,
    (context, width, height) => {
      const now = session.clock.now();
      const shown = bars.at(now) ?? bars.last;
      if (!shown) return waiting(context, width, height, "no bar yet");
      const next = bars.list.find(({ t }) => t > shown.t);
      const narrow = width < 420;
      const share = next && !narrow ? 0.56 : 1;
      grid(
        context,
        LABELS,
        (width - LABELS) * share - 8,
        height,
        shown.data,
        (now - shown.t) / shown.data.period,
      );
      if (share < 1)
        grid(
          context,
          LABELS + (width - LABELS) * share + 8,
          (width - LABELS) * (1 - share) - 12,
          height,
          next.data,
          -1,
        );
      names(context, height);
    },
    { class: "surface tall" },
  );
  const mutes = muteRow(session, node);
  const all = join(drawn, release, mutes.close);
  const element = h("div", { class: "stack" }, drawn.element, mutes.element);
  return { ...all, element, clear: () => bars.clear() };
}

const TOP = 22;
const rowHeight = (height) => (height - TOP - 4) / DRUMS.length;
const rowOf = (drum) => DRUMS.length - 1 - drum; // cymbals above, the kick at the bottom

function names(context, height) {
  const step = rowHeight(height);
  DRUMS.forEach((name, drum) =>
    text(context, name, 8, TOP + (rowOf(drum) + 0.5) * step + 4, { colour: "ink" }),
  );
}

function grid(context, left, width, height, bar, beats) {
  const steps = bar.hits.length;
  const [cell, row] = [width / steps, rowHeight(height)];
  const step = beats * 4;
  const playing = step >= 0 && step < steps;
  text(
    context,
    playing ? `bar ${bar.index + 1} · ${bar.source}` : `next · ${bar.source}`,
    left,
    14,
    { weight: 600 },
  );
  for (let i = 0; i <= steps; i++)
    line(context, left + i * cell, TOP, left + i * cell, height - 4, "line", i % 4 ? 0.5 : 1.5);
  for (let i = 0; i < steps; i++) {
    for (let drum = 0; drum < DRUMS.length; drum++) {
      if (bar.hits[i][drum]) hit(context, left, cell, row, i, drum, bar, playing && step >= i);
    }
  }
  if (playing) line(context, left + step * cell, TOP, left + step * cell, height - 4, "focus", 2);
}

function hit(context, left, cell, row, i, drum, bar, past) {
  const loud = 0.35 + 0.65 * bar.velocities[i][drum];
  const x = left + (i + bar.offsets[i][drum] + 0.08) * cell;
  context.globalAlpha = loud;
  context.fillStyle = ink(past ? "accent" : "down");
  context.fillRect(x, TOP + (rowOf(drum) + 0.12) * row, cell * 0.84, row * 0.76);
  context.globalAlpha = 1;
}

// A button for each drum where the node has a setting `mute`.
function muteRow(session, node) {
  const setting = session.graph?.nodes
    .find(({ name }) => name === node)
    ?.settings.find(({ name }) => name === "mute");
  if (!setting) return { element: null, close: () => {} };
  let muted = new Set([setting.value].flat());
  const buttons = DRUMS.map((drum) =>
    button(
      drum,
      () => {
        muted.has(drum) ? muted.delete(drum) : muted.add(drum);
        session.set(node, "mute", [...muted]);
        show();
      },
      { class: "small mute" },
    ),
  );
  const show = () =>
    buttons.forEach((made, i) => made.setAttribute("aria-pressed", String(muted.has(DRUMS[i]))));
  show();
  const close = session.on("set", (message) => {
    if (message.node !== node || message.name !== "mute") return;
    muted = new Set([message.value].flat());
    show();
  });
  return {
    element: h(
      "div",
      { class: "row mutes", role: "group", "aria-label": "Mute drums" },
      h("span", { class: "quiet" }, "mute"),
      ...buttons,
    ),
    close,
  };
}
