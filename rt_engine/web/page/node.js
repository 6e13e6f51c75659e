// The inspector: what flows out of the chosen node, its settings and its actions.

import { actionButton } from "./actions.js";
import { control } from "./controls.js";
import { $, h, write } from "./dom.js";
import { Learner } from "./learner.js";
import { both, duration, label, perSecond } from "./units.js";
import { hasView, sinkView, streams, view } from "./views.js";

export class Inspector {
  constructor(session) {
    Object.assign(this, { session, open: [], shown: new Map(), name: null });
    this.learner = new Learner(session);
    this.place = $("#node");
    session.on("set", ({ node, name, value }) => {
      this.remember(node, name, value);
      if (node === this.name) this.shown.get(name)?.show(value);
    });
    session.on("stats", ({ nodes }) => this.figures(nodes[this.name]));
  }

  // What the graph message said is kept up to date, for nodes that are not open now.
  remember(node, name, value) {
    const setting = this.find(node)?.settings.find((each) => each.name === name);
    if (setting) setting.value = value;
  }

  find(name) {
    return this.session.graph?.nodes.find((node) => node.name === name);
  }

  show(name) {
    this.close();
    const node = this.find(name);
    if (!node) return;
    this.name = name;
    write($("#inspector-title"), name);
    this.table = h("dl", { class: "stats" });
    this.place.replaceChildren(
      h("p", { class: "class" }, node.is),
      about(node.doc),
      this.table,
      ...this.views(node),
      ...this.actions(node),
      ...this.settings(node),
    );
  }

  close() {
    for (const made of this.open.splice(0)) made.close();
    this.shown.clear();
    this.name = null;
    this.place.replaceChildren(
      h(
        "p",
        { class: "quiet" },
        "Choose a node of the graph: what flows out of it and its settings are shown here.",
      ),
    );
    write($("#inspector-title"), "Node");
  }

  views(node) {
    const graph = this.session.graph;
    const own = streams(graph).filter((stream) => stream.node === node.name && hasView(stream));
    const made = own.map((stream) => ({
      title: own.length > 1 ? label(stream.output) : "",
      made: view(this.session, stream),
    }));
    if (node.sends) made.push({ title: "sent", made: sinkView(this.session, { node: node.name }) });
    this.open = made.map((each) => each.made);
    return made.map(({ title, made: { element } }) =>
      h("div", { class: "inspected" }, title ? h("h3", {}, title) : null, element),
    );
  }

  actions(node) {
    if (!node.actions?.length) return [];
    const buttons = node.actions.map((action) =>
      actionButton(action, (...values) => this.session.act(node.name, action.name, ...values)),
    );
    return [h("h3", {}, "Actions"), h("div", { class: "row" }, buttons)];
  }

  settings(node) {
    const live = node.settings.filter(({ live }) => live);
    const fixed = node.settings.filter(({ live }) => !live);
    const parts = live.length
      ? [h("h3", {}, "Live settings"), ...live.map((setting) => this.setting(node, setting))]
      : [];
    if (fixed.length) {
      parts.push(
        h(
          "details",
          {},
          h("summary", {}, `Set before the start (${fixed.length})`),
          ...fixed.map((setting) => this.setting(node, setting)),
        ),
      );
    }
    return parts;
  }

  setting(node, setting) {
    const made = control(setting, (value) => {
      setting.value = value;
      this.session.set(node.name, setting.name, value);
    });
    this.shown.set(setting.name, made);
    const learnable =
      setting.live && ["float", "int"].includes(setting.type) && !this.session.graph.take;
    if (learnable)
      made.element
        .querySelector(".setting-head")
        .append(this.learner.button(node.name, setting.name));
    return made.element;
  }

  figures(stats) {
    if (!stats || !this.table) return;
    const rows = {
      rate: perSecond(stats.rate),
      work: both(...stats.work, duration),
      wait: both(...stats.wait, duration),
      age: both(...stats.age),
      load: `${(100 * stats.load).toFixed(1)} %`,
      skipped: stats.dropped,
      lost: stats.overruns,
      restarts: stats.restarts,
    };
    if (!this.table.children.length) {
      this.table.append(
        ...Object.keys(rows).map((name) => h("div", {}, h("dt", {}, name), h("dd", {}))),
      );
    }
    Object.values(rows).forEach((value, i) => write(this.table.children[i].lastChild, value));
  }
}

// The first sentence at once, the rest on demand.
function about(doc = "") {
  const [first, ...rest] = doc.trim().split(/\n\s*\n/);
  const more = rest.join("\n\n").replace(/`/g, "");
  const head = h("p", { class: "doc" }, first.replace(/\s+/g, " "));
  return more
    ? h("details", { class: "doc" }, h("summary", {}, first.replace(/\s+/g, " ")), h("p", {}, more))
    : head;
}
