// The bar at the top: what runs, how late it is, recording, panic, stage mode.

import { $, button, h, write } from "./dom.js";
import { post } from "./api.js";
import { keys, showHelp } from "./keys.js";
import { attempt } from "./messages.js";
import { forgetColours } from "./canvas.js";
import { clockTime, ms, verdict } from "./units.js";

export class TopBar {
  constructor(session, { takes, openStage, studio }) {
    this.session = session;
    this.takes = takes;
    this.state = h("span", { class: "pill", id: "running" }, "no graph");
    this.lamp = h("span", { class: "pill lamp", id: "latency", hidden: true });
    this.stop = button("Stop", () => attempt(() => post("/api/stop")), {
      hidden: true,
      id: "stop",
    });
    this.record = button("Record", () => this.toggleRecord(), {
      hidden: true,
      id: "record",
      "aria-pressed": "false",
    });
    this.marker = button("Marker", () => takes?.mark(), { hidden: true, id: "marker" });
    this.panic = button("Panic", () => this.silence(), {
      class: "danger",
      hidden: true,
      id: "panic",
    });
    this.stage = button("Stage", openStage, { hidden: true, id: "stage-button" });
    $("#state").replaceChildren(this.state, this.lamp);
    $("#tools").replaceChildren(
      this.record,
      this.marker,
      this.panic,
      this.stage,
      this.stop,
      themeButton(),
      button("?", showHelp, { "aria-label": "Keys and help", id: "help-button" }),
    );
    this.listen(session, studio);
    this.addKeys(openStage);
  }

  listen(session, studio) {
    session.on("begin", (graph) => this.began(graph));
    session.on("ended", ({ code }) => this.ended(code, studio));
    session.on("closed", () => this.say("no connection", "bad"));
    session.on("open", () => !session.graph && this.say("no graph", ""));
    session.on("stats", (stats) => this.latency(stats));
    session.on("recording", (message) => this.recording(message));
    setInterval(() => this.tick(), 500);
  }

  addKeys(openStage) {
    const running = () => Boolean(this.session.graph);
    keys.add("s", "stage mode", openStage, running);
    keys.add("r", "record, and stop recording", () => this.toggleRecord(), running);
    keys.add(
      "p",
      "panic: silence everything",
      () => this.silence(),
      () => !this.panic.hidden,
    );
  }

  began(graph) {
    this.since = performance.now();
    const live = !graph.take;
    write($("#name"), graph.name);
    write($("#about"), graph.description ?? (graph.file ?? "").split(/[\\/]/).pop());
    document.title = `${graph.name} · rt-engine`;
    this.say(live ? "running" : "take", live ? "good" : "");
    for (const each of [this.record, this.stop]) each.hidden = !live;
    this.stage.hidden = false;
    this.panic.hidden = !this.nodesWith("panic").length;
  }

  ended(code, studio) {
    this.since = null;
    this.say(code ? "failed" : "stopped", code ? "bad" : "");
    for (const each of [this.record, this.marker, this.panic, this.stage, this.stop, this.lamp])
      each.hidden = true;
    if (studio) document.title = "rt-engine";
  }

  say(words, kind) {
    this.words = words;
    write(this.state, words);
    this.state.dataset.judged = kind;
  }

  tick() {
    if (this.since && this.session.graph && this.session.ready) {
      write(this.state, `${this.words} ${clockTime((performance.now() - this.since) / 1000)}`);
    }
  }

  latency({ paths = [] }) {
    const known = paths.filter(({ p50 }) => Number.isFinite(p50));
    this.lamp.hidden = !known.length;
    if (!known.length) return;
    const graph = this.session.graph;
    const worst = known.reduce((a, b) =>
      b.p50 - budgetOf(graph, b) > a.p50 - budgetOf(graph, a) ? b : a,
    );
    write(this.lamp, ms(worst.p50));
    this.lamp.title = `slowest path, ${worst.from} to ${worst.to}: ${ms(worst.p50)}, 99 % ${ms(worst.p99)}`;
    this.lamp.dataset.judged = verdict(worst.p50, worst.p99, budgetOf(graph, worst));
  }

  recording({ name, seconds }) {
    this.record.setAttribute("aria-pressed", String(Boolean(name)));
    this.record.classList.toggle("on", Boolean(name));
    write(this.record, name ? `Recording ${clockTime(seconds)}` : "Record");
    this.marker.hidden = !name;
  }

  toggleRecord() {
    return attempt(() => this.takes?.toggleRecord());
  }

  nodesWith(action) {
    return (this.session.graph?.nodes ?? []).filter((node) =>
      node.actions?.some(({ name }) => name === action),
    );
  }

  silence() {
    for (const { name } of this.nodesWith("panic")) this.session.act(name, "panic");
  }
}

// What a path may take: the budget of the graph, and what its nodes declare to add.
function budgetOf(graph, { from, to }) {
  const path = graph?.paths.find((each) => each.from === from && each.to === to);
  return (graph?.budget ?? 0) + (path?.declared ?? 0);
}

function themeButton() {
  const stored = localStorage.getItem("theme");
  const set = (theme) => {
    document.documentElement.dataset.theme = theme;
    localStorage.setItem("theme", theme);
    write(made, theme === "dark" ? "Light" : "Dark");
    made.setAttribute("aria-label", `${made.textContent} colours`);
    forgetColours();
  };
  const made = button(
    "Light",
    () => set(document.documentElement.dataset.theme === "dark" ? "light" : "dark"),
    { id: "theme" },
  );
  set(stored === "light" ? "light" : "dark");
  return made;
}
