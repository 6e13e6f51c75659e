// The take that is open: a timeline to scrub, play, loop and step through.

import { ink, surface, text } from "./canvas.js";
import { button, h, write } from "./dom.js";
import { clockTime } from "./units.js";

const SPEEDS = [0.25, 0.5, 0.75, 1];
const LEAP = 5; // s
const EDGE = 8; // px beside the line

export class Player {
  constructor({ send, on, keys, about }) {
    Object.assign(this, { send, about, state: null, marks: [], from: null });
    this.build();
    on("take", (message) => this.heard(message));
    const open = () => Boolean(this.state);
    keys?.add("Space", "play or pause the take", () => this.toggle(), open);
    keys?.add("ArrowLeft", "one picture back", () => this.say("step", -1), open);
    keys?.add("ArrowRight", "one picture on", () => this.say("step", 1), open);
    keys?.add("l", "loop: from here, to here, off", () => this.loop(), open);
  }

  build() {
    this.title = h("h3", {});
    this.time = h("output", { class: "take-time" });
    this.cache = h("span", { class: "quiet" });
    this.play = button("Play", () => this.toggle(), { class: "primary" });
    this.looper = button("Loop", () => this.loop(), { "aria-pressed": "false" });
    const speeds = SPEEDS.map((speed) =>
      h("option", { value: speed, selected: speed === 1 }, `${speed} ×`),
    );
    this.speed = h(
      "select",
      { "aria-label": "Speed", on: { change: () => this.say("speed", Number(this.speed.value)) } },
      speeds,
    );
    this.line = surface("Place in the take", (...rest) => this.draw(...rest), {
      role: "slider",
      tabindex: "0",
      class: "surface take-line",
      "aria-valuemin": "0",
    });
    this.marked = h("div", { class: "row", role: "group", "aria-label": "Markers" });
    this.element = h(
      "div",
      { class: "take-player", hidden: true },
      h("div", { class: "take-head" }, this.title, this.time, this.cache),
      this.line.element,
      h(
        "div",
        { class: "row" },
        this.play,
        button("◂", () => this.say("step", -1), { "aria-label": "One picture back" }),
        button("▸", () => this.say("step", 1), { "aria-label": "One picture on" }),
        this.looper,
        this.speed,
        button("Close", () => this.say("close")),
      ),
      this.marked,
    );
    this.listen(this.line.element);
  }

  listen(canvas) {
    canvas.addEventListener("pointerdown", (event) => {
      canvas.setPointerCapture(event.pointerId);
      this.drag(event);
    });
    canvas.addEventListener("pointermove", (event) => event.buttons && this.drag(event));
    canvas.addEventListener("keydown", (event) => this.pressed(event));
  }

  say(what, value = null) {
    if (this.state) this.send({ do: "take", what, value });
  }

  heard(message) {
    const another = message.name !== this.state?.name;
    this.state = message.name ? { ...message, at: performance.now() } : null;
    this.element.hidden = !this.state;
    if (!this.state) return;
    if (another) this.opened(message.name);
    write(this.play, message.playing ? "Pause" : "Play");
    this.speed.value = String(message.speed);
    this.looper.setAttribute("aria-pressed", String(Boolean(message.loop)));
    write(this.cache, made(message));
    this.line.element.setAttribute("aria-valuemax", message.length.toFixed(1));
  }

  async opened(name) {
    this.from = null;
    write(this.title, name);
    this.marks = (await this.about(name))?.markers ?? [];
    const jump = ({ t, text: words }) =>
      button(words ? `${clockTime(t)} ${words}` : clockTime(t), () => this.say("seek", t), {
        class: "small",
      });
    this.marked.replaceChildren(...this.marks.map(jump));
    this.element.scrollIntoView({ block: "nearest" });
  }

  // Where it is now: between two messages it goes on by itself.
  get t() {
    const { t, playing, speed, length, at } = this.state;
    return Math.min(playing ? t + ((performance.now() - at) / 1000) * speed : t, length);
  }

  toggle() {
    this.say(this.state?.playing ? "pause" : "play");
  }

  // First press: from here; second: to here; third: no loop.
  loop() {
    if (!this.state) return;
    if (this.state.loop) this.say("loop", null);
    else if (this.from === null || Math.abs(this.t - this.from) < 0.05) this.from = this.t;
    else {
      this.say("loop", [this.from, this.t]);
      this.from = null;
    }
  }

  drag({ offsetX, currentTarget, target }) {
    const width = (currentTarget ?? target).clientWidth - 2 * EDGE;
    this.wanted = Math.min(Math.max((offsetX - EDGE) / width, 0), 1) * this.state.length;
    this.asked ??= requestAnimationFrame(() => {
      this.asked = null;
      this.say("seek", this.wanted);
    });
  }

  pressed(event) {
    const { length } = this.state ?? {};
    const goals = {
      ArrowLeft: () => this.say("step", -1),
      ArrowRight: () => this.say("step", 1),
      PageUp: () => this.say("seek", this.t + LEAP),
      PageDown: () => this.say("seek", this.t - LEAP),
      Home: () => this.say("seek", 0),
      End: () => this.say("seek", length),
      " ": () => this.toggle(),
    };
    const goal = goals[event.key];
    if (!goal || !this.state) return;
    event.preventDefault();
    goal();
  }

  draw(context, width, height) {
    if (!this.state) return;
    const { length, loop, cache } = this.state;
    const x = (t) => EDGE + (t / Math.max(length, 0.001)) * (width - 2 * EDGE);
    const bar = (a, b, colour, y, tall) => {
      context.fillStyle = ink(colour);
      context.fillRect(x(a), y, Math.max(x(b) - x(a), 1), tall);
    };
    const middle = height / 2;
    if (loop) bar(loop[0], loop[1], "raised", 0, height);
    if (this.from !== null) bar(this.from, this.from, "accent", 0, height);
    bar(0, length, "line", middle - 2, 4);
    bar(0, this.t, "accent", middle - 2, 4);
    if (cache < 1) bar(0, length * cache, "good", middle + 4, 2);
    for (const { t } of this.marks) triangle(context, x(t), middle - 4);
    bar(this.t, this.t, "ink", middle - 14, 28);
    ticks(context, length, x, height);
    this.tell();
  }

  tell() {
    const words = `${clockTime(this.t)} of ${clockTime(this.state.length)}`;
    write(this.time, words);
    const slider = this.line.element;
    if (slider.getAttribute("aria-valuetext") === words) return;
    slider.setAttribute("aria-valuenow", this.t.toFixed(1));
    slider.setAttribute("aria-valuetext", words);
  }
}

function made({ cache, problem }) {
  if (problem) return `only the sources can be seen: ${problem}`;
  return cache < 1 ? `the graph goes over it: ${Math.round(cache * 100)} %` : "";
}

function triangle(context, x, y) {
  context.fillStyle = ink("warn");
  context.beginPath();
  context.moveTo(x - 5, y - 12);
  context.lineTo(x + 5, y - 12);
  context.lineTo(x, y - 2);
  context.fill();
}

function ticks(context, length, x, height) {
  const step =
    [1, 2, 5, 10, 30, 60, 120, 300, 600, 1800].find((each) => length / each <= 8) ?? 3600;
  for (let t = 0; t <= length; t += step) {
    text(context, clockTime(t), x(t), height - 3, { size: 11, align: t ? "center" : "left" });
  }
}
