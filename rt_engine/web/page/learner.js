// MIDI learn: a press, then the next controller that moves is bound to the setting.

import { button, write } from "./dom.js";
import { say } from "./messages.js";
import { label } from "./units.js";

export class Learner {
  constructor(session) {
    this.session = session;
    this.bound = new Map(); // "node.setting" -> cc
    this.buttons = new Map(); // the same -> its button
    session.on("bindings", ({ bindings }) => {
      this.bound = new Map(bindings.map(({ cc, node, name }) => [`${node}.${name}`, cc]));
      for (const key of this.buttons.keys()) this.show(key);
    });
    session.on("learn", (message) => this.heard(message));
    session.on("ended", () => this.buttons.clear());
  }

  button(node, name) {
    const key = `${node}.${name}`;
    const ask = () => this.session.send({ do: "learn", node, name, forget: this.bound.has(key) });
    const made = button("MIDI", ask, {
      class: "small learn",
      title: "press, then move a knob of your controller; press again to let go",
    });
    made.dataset.setting = label(name);
    this.buttons.set(key, made);
    this.show(key);
    return made;
  }

  heard({ node, name, state, text = "", remedy = "" }) {
    const made = this.buttons.get(`${node}.${name}`);
    if (state === "failed")
      say({ text, remedy: remedy || "Connect a MIDI controller, then press MIDI again." });
    if (!made) return;
    made.classList.toggle("waiting", state === "waiting");
    if (state === "waiting") write(made, "move a knob");
    else this.show(`${node}.${name}`);
  }

  show(key) {
    const made = this.buttons.get(key);
    const cc = this.bound.get(key);
    write(made, cc === undefined ? "MIDI" : `CC ${cc}`);
    made.setAttribute("aria-label", `${made.textContent}: MIDI control of ${made.dataset.setting}`);
  }
}
