// Stage mode: what must be read from three metres, and the pads. Esc ends it.

import { $, button, h } from "./dom.js";
import { pads } from "./pads.js";
import { beatPanel } from "./view_beat.js";
import { expression } from "./view_events.js";
import { cueLine } from "./view_violin.js";
import { streams, view } from "./views.js";

const PADS = 6;
const VIEWS = { Cues: cueLine, Expressions: expression };

export class Stage {
  constructor(session) {
    this.session = session;
    this.dialog = $("#stage");
    this.open = [];
    this.dialog.addEventListener("close", () => this.end());
    session.on("ended", () => this.dialog.close());
  }

  show() {
    const graph = this.session.graph;
    if (!graph || this.dialog.open) return;
    const parts = this.parts(graph);
    const steer = pads(this.session, graph, PADS);
    this.open = [...parts, steer].filter(Boolean);
    this.dialog.replaceChildren(
      h(
        "header",
        {},
        h("h2", {}, graph.name),
        button("Leave stage mode", () => this.dialog.close()),
      ),
      h(
        "div",
        { class: "stage-body" },
        parts.map(({ element }) => element),
      ),
      steer ? steer.element : "",
    );
    this.dialog.showModal();
    document.documentElement.requestFullscreen?.().catch(() => {});
    this.lock();
  }

  // The beat, then a hint or the expression; without beats a body or whatever there is.
  parts(graph) {
    const all = streams(graph);
    const beats = all.find(({ kind, output }) => kind === "Beats" && output !== "next");
    const made = beats ? [beatPanel(this.session, beats, "stage")] : [];
    for (const [kind, make] of Object.entries(VIEWS)) {
      const found = all.findLast((stream) => stream.kind === kind);
      if (found) made.push(make(this.session, found));
    }
    if (made.length) return made;
    const other =
      all.findLast(({ kind }) => kind === "Skeletons") ??
      all.find(({ kind }) => kind === "Images" || kind === "Audio");
    return other ? [view(this.session, other)] : [];
  }

  // A phone on a music stand stays awake.
  async lock() {
    this.awake = await navigator.wakeLock?.request("screen").catch(() => null);
  }

  end() {
    for (const made of this.open.splice(0)) made.close();
    this.dialog.replaceChildren();
    this.awake?.release();
    if (document.fullscreenElement) document.exitFullscreen();
  }
}
