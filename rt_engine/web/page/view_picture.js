// The picture of a camera, with the bodies that were found in it.

import { ink, surface, waiting } from "./canvas.js";
import { shown } from "./screen.js";
import { join } from "./view_sound.js";
import { JPEG } from "./wire.js";

const POINTS = 33; // MediaPipe's landmarks of a body
const FIELDS = 7; // image x, y in 0..1, depth, world x, y, z, visibility
const SEEN = 0.5; // visibility from which a point is drawn
const STALE = 0.5; // s after which a body without a newer one is taken away

// prettier-ignore
const LIMBS = [
  [11, 12], [11, 13], [13, 15], [12, 14], [14, 16], [11, 23], [12, 24], [23, 24], [23, 25], [25, 27],
  [24, 26], [26, 28], [27, 29], [29, 31], [27, 31], [28, 30], [30, 32], [28, 32], [15, 17], [15, 19],
  [17, 19], [16, 18], [16, 20], [18, 20], [15, 21], [16, 22], [0, 1], [1, 2], [2, 3], [3, 7], [0, 4],
  [4, 5], [5, 6], [6, 8], [9, 10],
];
const LEFT = new Set([1, 2, 3, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31]);

// `images` and `poses` are streams; either may be missing.
export function picture(session, { images, poses }) {
  const state = { bitmap: null, people: null, arrived: 0, busy: false };
  const ends = [];
  if (images)
    ends.push(session.watch(images.node, images.output, 25, (frame) => decode(state, frame)));
  if (poses)
    ends.push(
      session.watch(poses.node, poses.output, 60, (frame) => {
        Object.assign(state, { people: frame, arrived: performance.now(), fresh: true });
      }),
    );
  const name = images ? `Picture of ${images.node}` : `Bodies of ${poses.node}`;
  const drawn = surface(
    name + (images && poses ? ", with the body found in it" : ""),
    (context, width, height, now) => {
      if (!state.bitmap && !state.people)
        return waiting(
          context,
          width,
          height,
          state.missing ? `pictures need: ${state.missing}` : "no picture yet",
        );
      const box = fit(width, height, state.bitmap ?? { width: 4, height: 3 });
      if (state.bitmap) context.drawImage(state.bitmap, box.x, box.y, box.width, box.height);
      if (state.people && now - state.arrived < STALE * 1000) bodies(context, box, state.people);
      if (state.fresh) shown("pose", state.people.t, session.clock);
      state.fresh = false;
    },
    { class: "surface tall" },
  );
  const clear = () => Object.assign(state, { bitmap: null, people: null });
  return { ...join(drawn, ...ends, clear), clear };
}

async function decode(state, { form, data }) {
  if (form !== JPEG) state.missing = data.missing;
  if (form !== JPEG || state.busy) return;
  state.busy = true;
  try {
    const bitmap = await createImageBitmap(new Blob([data], { type: "image/jpeg" }));
    state.bitmap?.close();
    state.bitmap = bitmap;
  } finally {
    state.busy = false;
  }
}

function fit(width, height, { width: w, height: h }) {
  const scale = Math.min(width / w, height / h);
  return {
    x: (width - w * scale) / 2,
    y: (height - h * scale) / 2,
    width: w * scale,
    height: h * scale,
  };
}

function bodies(context, box, { dims, data }) {
  context.lineWidth = 3;
  context.lineCap = "round";
  for (let person = 0; person < dims[0]; person++) {
    const start = person * POINTS * FIELDS;
    const point = (i) => {
      const at = start + i * FIELDS;
      return {
        x: box.x + data[at] * box.width,
        y: box.y + data[at + 1] * box.height,
        sure: data[at + 6],
      };
    };
    for (const [a, b] of LIMBS) limb(context, point(a), point(b), LEFT.has(a) && LEFT.has(b));
  }
}

function limb(context, a, b, left) {
  if (Math.min(a.sure, b.sure) < SEEN) return;
  context.strokeStyle = ink(left ? "accent" : "down");
  context.beginPath();
  context.moveTo(a.x, a.y);
  context.lineTo(b.x, b.y);
  context.stroke();
}
