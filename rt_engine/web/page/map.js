// The graph as it is wired, with what each node does now.

import { $, h, svg, write } from "./dom.js";
import { sources } from "./layout.js";
import { both, duration, ms, perSecond, verdict } from "./units.js";
import { BOX, geometry } from "./wiring.js";

const NARROW = 600; // px
const SMALLEST = 0.8; // scale down to which a wide graph is fitted; beyond, it scrolls

export class GraphMap {
  constructor(session, choose) {
    this.session = session;
    this.choose = choose;
    this.boxes = new Map();
    this.places = $("#paths");
    this.area = $("#map");
    session.on("stats", (stats) => this.show(stats));
    new ResizeObserver(() => this.fit()).observe(this.area);
  }

  draw(graph) {
    this.graph = graph;
    this.tall = this.narrow;
    const { width, height, middles, wire } = geometry(graph.nodes, this.tall);
    const scale = Math.min(1, Math.max(SMALLEST, this.area.clientWidth / width || 1));
    this.boxes.clear();
    const picture = svg("svg", {
      viewBox: `0 0 ${width} ${height}`,
      width: width * scale,
      height: height * scale,
      class: "wires",
      role: "group",
      "aria-label": graph.name,
    });
    for (const node of graph.nodes) picture.append(...this.wires(node, wire));
    for (const node of graph.nodes) picture.append(this.box(node, middles.get(node.name)));
    this.area.replaceChildren(picture);
    this.drawPaths(graph);
    this.mark(this.chosen);
  }

  get narrow() {
    return this.area.clientWidth > 0 && this.area.clientWidth < NARROW;
  }

  fit() {
    if (!this.graph || this.area.clientWidth === this.width) return;
    this.width = this.area.clientWidth;
    this.draw(this.graph);
  }

  wires(node, wire) {
    return sources(node.inputs).map((from) => {
      const held = node.inputs.every((input) => input.hold || input.from.split(".")[0] !== from);
      return svg("path", {
        d: wire(from, node.name),
        class: held ? "wire held" : "wire",
        "data-from": from,
        "data-to": node.name,
      });
    });
  }

  box(node, { x, y }) {
    const words = (offset, kind, text = "") => svg("text", { x: 12, y: offset, class: kind }, text);
    const parts = {
      rate: words(49, "figure"),
      age: words(64, "figure"),
      lost: svg("text", { x: BOX.width - 8, y: 64, class: "lost" }),
    };
    const pick = () => this.choose(node.name);
    const group = svg(
      "g",
      {
        class: "box",
        role: "button",
        tabindex: "0",
        transform: `translate(${x - BOX.width / 2},${y - BOX.height / 2})`,
        "aria-label": `${node.name}, ${node.is}`,
        "aria-pressed": "false",
        on: {
          click: pick,
          keydown: (event) =>
            ["Enter", " "].includes(event.key) && (event.preventDefault(), pick()),
        },
      },
      svg("title", {}, `${node.name}: ${(node.doc ?? "").split("\n")[0]}`),
      svg("rect", { width: BOX.width, height: BOX.height, rx: 8, class: "body" }),
      svg("rect", {
        x: 0,
        y: 12,
        width: 3,
        height: BOX.height - 24,
        rx: 1.5,
        class: `stripe ${roleOf(node)}`,
      }),
      words(20, "name", clip(node.name, 16)),
      words(34, "class", clip(node.is, 22)),
      parts.rate,
      parts.age,
      parts.lost,
    );
    this.boxes.set(node.name, { group, ...parts });
    return group;
  }

  // Marks the chosen node and its wires.
  mark(name) {
    this.chosen = name;
    for (const [other, { group }] of this.boxes) {
      group.classList.toggle("chosen", other === name);
      group.setAttribute("aria-pressed", String(other === name));
    }
    for (const wire of this.area.querySelectorAll(".wire")) {
      wire.classList.toggle("chosen", [wire.dataset.from, wire.dataset.to].includes(name));
    }
  }

  drawPaths({ paths = [] }) {
    this.rows = paths.map(({ from, to, nodes = [], declared = 0 }) => {
      const figure = h("span", { class: "figure" }, "–");
      const fill = h("span", { class: "fill" });
      const row = h(
        "li",
        {
          class: "path",
          title: `${nodes.join(" → ")}; median and 99th percentile, budget ${ms(this.graph.budget + declared)}`,
        },
        h("span", {}, `${from} → ${to}`),
        figure,
        h("span", { class: "gauge", "aria-hidden": "true" }, fill),
      );
      return { from, to, row, figure, fill, budget: this.graph.budget + declared };
    });
    this.places.replaceChildren(...this.rows.map(({ row }) => row));
  }

  show({ nodes, paths = [] }) {
    if (!this.graph) return;
    for (const [name, stats] of Object.entries(nodes)) {
      const box = this.boxes.get(name);
      if (box) this.figures(box, stats);
    }
    for (const { from, to, p50, p99 } of paths) {
      const found = this.rows.find((row) => row.from === from && row.to === to);
      if (found) this.path(found, p50, p99);
    }
  }

  figures({ group, rate, age, lost }, stats) {
    write(rate, `${perSecond(stats.rate)}  ·  ${duration(stats.work?.[0])}`);
    write(age, stats.count === 0 ? "" : `age ${ms(stats.age?.[0])}`);
    write(
      lost,
      stats.overruns ? `lost ${stats.overruns}` : stats.dropped ? `skip ${stats.dropped}` : "",
    );
    group.classList.toggle("over", stats.overruns > 0);
    group.classList.toggle("idle", !(stats.rate > 0));
  }

  path({ row, figure, fill, budget }, p50, p99) {
    const judged = verdict(p50, p99, budget);
    row.dataset.judged = judged;
    write(figure, Number.isFinite(p50) ? both(p50, p99) : "nothing yet");
    fill.style.width = `${Math.min(100, Math.max(0, (100 * (p50 || 0)) / (budget || 1)))}%`;
  }
}

const roleOf = ({ inputs, outputs }) => (!inputs.length ? "source" : outputs.length ? "" : "sink");

const clip = (text, most) => (text.length > most ? `${text.slice(0, most - 1)}…` : text);
