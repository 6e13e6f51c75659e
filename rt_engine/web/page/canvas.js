// A canvas that fits its place, sharp on every screen, and the page's colours for it.

import { h } from "./dom.js";
import { everyFrame } from "./frames.js";

let colours = null;

export function forgetColours() {
  colours = null;
}

// The value of a colour token, e.g. ink("accent").
export function ink(name) {
  colours ??= {};
  return (colours[name] ??= getComputedStyle(document.documentElement)
    .getPropertyValue(`--${name}`)
    .trim());
}

// A labelled picture; `draw(context, width, height, now)` in CSS pixels while it is in sight.
export function surface(label, draw, props = {}) {
  const canvas = h("canvas", { role: "img", "aria-label": label, class: "surface", ...props });
  const context = canvas.getContext("2d");
  let width = 0;
  let height = 0;
  let scale = 1;
  const resizing = new ResizeObserver(([entry]) => {
    ({ width, height } = entry.contentRect);
    scale = Math.min(devicePixelRatio || 1, 2);
    canvas.width = Math.round(width * scale);
    canvas.height = Math.round(height * scale);
  });
  resizing.observe(canvas);
  const end = everyFrame(canvas, (now) => {
    if (width < 2 || height < 2) return;
    context.setTransform(scale, 0, 0, scale, 0, 0);
    context.clearRect(0, 0, width, height);
    draw(context, width, height, now);
  });
  const close = () => {
    resizing.disconnect();
    end();
  };
  return { element: canvas, close };
}

export function text(
  context,
  words,
  x,
  y,
  { size = 12, colour = "quiet", align = "left", weight = 400 } = {},
) {
  context.font = `${weight} ${size}px ${getComputedStyle(document.body).fontFamily}`;
  context.fillStyle = ink(colour);
  context.textAlign = align;
  context.fillText(words, x, y);
}

export function line(context, x1, y1, x2, y2, colour = "line", width = 1) {
  context.strokeStyle = ink(colour);
  context.lineWidth = width;
  context.beginPath();
  context.moveTo(x1, y1);
  context.lineTo(x2, y2);
  context.stroke();
}

// Said once, in the middle, while nothing has come.
export function waiting(context, width, height, words = "waiting for data") {
  text(context, words, width / 2, height / 2, { align: "center" });
}
