// Bodies in space that one can turn: drag, or arrow keys; + and - come nearer and go away.

import { ink, line, surface, text, waiting } from "./canvas.js";
import { LAMP, Pulse } from "./view_beat.js";
import { shown } from "./screen.js";
import { join } from "./view_sound.js";

const BONES = 55;
const HANDS = 24; // the first bone of the fingers; those are drawn thin
const EYES = new Set([21, 22, 23]); // eyes and jaw: not drawn as bones
const FLOOR = 1.5; // m from the middle of the grid to its edge
const START = { turn: 0.45, tilt: 0.15, distance: 3.6 };
const MIDDLE = 0.93; // m, the height that is looked at
const STEP = 0.12; // rad a key

export function body(session, { node, output, ictus }) {
  const camera = { ...START, x: 0, z: 0 };
  const { bones } = session.graph;
  const state = { frame: null, fresh: false };
  const release = session.watch(node, output, 60, (frame) =>
    Object.assign(state, { frame, fresh: true }),
  );
  const pulse = ictus && new Pulse(session, ictus);
  const drawn = surface(
    `Body of ${node}; drag or arrow keys turn it`,
    (context, width, height) => {
      const strike = pulse?.look();
      if (!state.frame) return waiting(context, width, height, "nobody yet");
      draw(context, width, height, camera, state.frame, bones, strike);
      if (state.fresh) shown("skeleton", state.frame.t, session.clock);
      state.fresh = false;
    },
    { class: "surface tall turns", tabindex: "0", "aria-roledescription": "3-D picture" },
  );
  turnable(drawn.element, camera);
  const ends = pulse ? [release, pulse.close] : [release];
  return { ...join(drawn, ...ends), clear: () => Object.assign(state, { frame: null }) };
}

function draw(context, width, height, camera, { dims, data }, bones, strike) {
  const people = dims[0];
  if (people) follow(camera, data);
  const project = projector(camera, width, height);
  grid(context, project, camera);
  const lit = strike && strike.age < 2 * LAMP;
  for (let person = 0; person < people; person++) {
    skeleton(
      context,
      project,
      data.subarray(person * BONES * 3, (person + 1) * BONES * 3),
      bones,
      lit,
    );
  }
  if (!people) text(context, "nobody in sight", width / 2, 20, { align: "center" });
  if (strike) caption(context, width, strike);
}

function caption(context, width, { beat, lit }) {
  const words = `${beat.position || "–"} of ${beat.meter || "–"}   ${beat.bpm.toFixed(0)} BPM`;
  text(context, words, width / 2, 22, {
    align: "center",
    size: 15,
    weight: lit ? 700 : 400,
    colour: lit ? "down" : "quiet",
  });
}

// The floor stays under the first body, who may walk.
function follow(camera, data) {
  camera.x += (data[0] - camera.x) * 0.03;
  camera.z += (data[2] - camera.z) * 0.03;
}

// A pinhole camera that looks at the middle of a body: metres to pixels, x, y and how far away.
function projector({ turn, tilt, distance, x, z }, width, height) {
  const [st, ct, sp, cp] = [Math.sin(turn), Math.cos(turn), Math.sin(tilt), Math.cos(tilt)];
  const focal = Math.min(width, height) * 1.5;
  return (px, py, pz) => {
    const [dx, dy, dz] = [px - x, py - MIDDLE, pz - z];
    const along = dx * ct - dz * st;
    const deep = dx * st + dz * ct;
    const away = Math.max(distance - (deep * cp + dy * sp), 0.2);
    const up = dy * cp - deep * sp;
    return [width / 2 + (along * focal) / away, height / 2 - (up * focal) / away, away];
  };
}

function grid(context, project, { x, z }) {
  for (let i = -3; i <= 3; i++) {
    const at = (i / 3) * FLOOR;
    segment(context, project(x + at, 0, z - FLOOR), project(x + at, 0, z + FLOOR));
    segment(context, project(x - FLOOR, 0, z + at), project(x + FLOOR, 0, z + at));
  }
}

const segment = (context, [x1, y1], [x2, y2]) => line(context, x1, y1, x2, y2, "line", 1);

function skeleton(context, project, joints, { names, parents }, lit) {
  const at = (i) => project(joints[3 * i], joints[3 * i + 1], joints[3 * i + 2]);
  context.lineCap = "round";
  parents.forEach((parent, bone) => {
    if (parent < 0 || EYES.has(bone)) return;
    const fingers = bone >= HANDS && bone < BONES - 1;
    const [x1, y1, away] = at(parent);
    const [x2, y2] = at(bone);
    line(context, x1, y1, x2, y2, colourOf(names[bone]), (fingers ? 5 : 16) / away);
  });
  head(context, at(10), lit);
  if (lit) hand(context, at(18));
}

const colourOf = (name) =>
  name.startsWith("Left") ? "accent" : name.startsWith("Right") ? "down" : "ink";

function head(context, [x, y, away]) {
  disc(context, x, y - 35 / away, 42 / away, "ink");
}

function hand(context, [x, y, away]) {
  disc(context, x, y, 40 / away, "focus");
}

function disc(context, x, y, radius, colour) {
  context.fillStyle = ink(colour);
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.fill();
}

function turnable(canvas, camera) {
  const turn = (x, y) => {
    camera.turn += x;
    camera.tilt = Math.min(1.3, Math.max(-0.2, camera.tilt + y));
  };
  const nearer = (factor) => {
    camera.distance = Math.min(9, Math.max(1.5, camera.distance * factor));
  };
  const moves = {
    ArrowLeft: () => turn(-STEP, 0),
    ArrowRight: () => turn(STEP, 0),
    ArrowUp: () => turn(0, STEP),
    ArrowDown: () => turn(0, -STEP),
    "+": () => nearer(0.9),
    "=": () => nearer(0.9),
    "-": () => nearer(1.1),
    Home: () => Object.assign(camera, START),
  };
  canvas.addEventListener("keydown", (event) => {
    if (!moves[event.key]) return;
    moves[event.key]();
    event.preventDefault();
  });
  canvas.addEventListener("pointerdown", (event) => canvas.setPointerCapture(event.pointerId));
  canvas.addEventListener(
    "pointermove",
    (event) => event.buttons && turn(-event.movementX * 0.01, event.movementY * 0.008),
  );
  canvas.addEventListener("dblclick", () => Object.assign(camera, START));
}
