// Without a graph: cards of the graphs, and the way to a playing one in three clicks.

import { get, post } from "./api.js";
import { $, button, h } from "./dom.js";
import { attempt, hush, say } from "./messages.js";

const BROWSER = { camera: "web.Camera", microphone: "web.Microphone" };
const LISTS = { camera: "cameras", microphone: "audio_in", midi: "midi_in" };
const WORDS = { camera: "camera", microphone: "microphone", midi: "MIDI input" };

export class Studio {
  constructor(session) {
    this.session = session;
    this.section = $("#studio");
    this.cards = $("#cards");
    session.on("begin", () => this.hide());
    for (const is of ["error", "log"]) session.on(is, (message) => this.suspect(message));
    session.on("ended", ({ code }) => code && this.offer());
  }

  // The first node that an error names since the start is what failed.
  suspect({ is, level = "", node = "", text = "" }) {
    if (/^also: /.test(text) || (is === "log" && !/^(error|critical)$/i.test(level))) return;
    this.culprit ??= /node '([^']+)'/.exec(text)?.[1] ?? (node || null);
  }

  // A graph that ended by an error of one node may go without it.
  offer() {
    const { order, culprit } = this;
    const again = order &&
      culprit &&
      !order.demo && { ...order, without: [...(order.without ?? []), culprit] };
    const help = again
      ? { words: `Start without ${culprit}`, call: () => this.run(again) }
      : undefined;
    say({
      text: culprit
        ? `The graph ended: its node ${culprit} failed.`
        : "The graph ended by an error.",
      remedy: "The log has the details.",
      help,
    });
  }

  async show() {
    const graphs = await attempt(() => get("/api/graphs"));
    if (!graphs || this.session.graph) return;
    this.cards.replaceChildren(...graphs.map((graph) => this.card(graph)));
    this.section.hidden = false;
  }

  hide() {
    this.section.hidden = true;
  }

  card(graph) {
    const needs = [...new Set(graph.sources.map(({ kind }) => WORDS[kind]).filter(Boolean))];
    const form = h("form", {
      class: "devices",
      hidden: true,
      on: {
        submit: (event) => {
          event.preventDefault();
          this.start(graph, form);
        },
      },
    });
    const choose = button("Devices", () => this.choose(graph, form, choose), {
      "aria-expanded": "false",
    });
    const bundled = graph.demo || graph.sources.some((source) => source.bundled);
    const demo = () => this.run({ graph: graph.name, demo: true });
    const play =
      bundled &&
      button("Start demo", demo, {
        class: "primary",
        title: "with bundled material, without devices",
      });
    return h(
      "article",
      { class: "card", "data-graph": graph.name },
      h("h3", {}, graph.title ?? graph.name),
      h("p", {}, graph.description ?? ""),
      h("p", { class: "quiet" }, needs.length ? `needs: ${needs.join(", ")}` : "needs no device"),
      h("div", { class: "row" }, play || null, choose),
      form,
    );
  }

  async choose(graph, form, opener) {
    const open = form.hidden;
    form.hidden = !open;
    opener.setAttribute("aria-expanded", String(open));
    if (!open) return;
    form.replaceChildren(h("p", { class: "quiet" }, "looking for devices …"));
    const devices = (await attempt(() => get("/api/devices"))) ?? {};
    const again = button(
      "Look again",
      () =>
        attempt(() => get("/api/devices?again=1")).then((found) =>
          this.fill(graph, form, found ?? devices, again),
        ),
      { class: "small" },
    );
    this.fill(graph, form, devices, again);
  }

  fill(graph, form, devices, again) {
    form.replaceChildren(
      ...graph.sources
        .filter(({ kind }) => kind in WORDS)
        .map((source) => this.field(source, devices)),
      h(
        "div",
        { class: "row" },
        h("button", { type: "submit", class: "button primary" }, "Start"),
        again,
      ),
    );
    form.querySelector("select, input, button").focus();
  }

  field(source, devices) {
    const listed = (devices[LISTS[source.kind]] ?? []).map((found) =>
      typeof found === "string" ? { name: found } : found,
    );
    const options = [h("option", { value: "" }, "as in the graph file")];
    options.push(
      ...listed.map(({ name, value }) =>
        h("option", { value: JSON.stringify(value ?? name) }, name),
      ),
    );
    if (source.kind in BROWSER)
      options.push(h("option", { value: "browser" }, `this browser's ${source.kind}`));
    const pick = h(
      "select",
      { name: source.node, "data-kind": source.kind, "data-setting": source.setting ?? "" },
      options,
    );
    return h(
      "label",
      { class: "field" },
      source.node === source.kind ? source.node : `${source.node} (${WORDS[source.kind]})`,
      pick,
    );
  }

  start(graph, form) {
    const changes = {};
    for (const { name, value, dataset } of form.querySelectorAll("select")) {
      if (value === "browser") changes[name] = BROWSER[dataset.kind];
      else if (value) changes[`${name}.${dataset.setting}`] = JSON.parse(value);
    }
    return this.run({ graph: graph.name, changes });
  }

  async run(order) {
    if (this.busy) return;
    hush();
    Object.assign(this, { order, culprit: null, busy: true });
    this.cards.setAttribute("aria-busy", "true");
    await attempt(() => post("/api/start", order));
    this.busy = false;
    this.cards.removeAttribute("aria-busy");
  }
}
