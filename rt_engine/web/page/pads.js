// Large buttons for what a performer does while playing, from the actions that the graph has.

import { button, h } from "./dom.js";
import { keys } from "./keys.js";
import { label } from "./units.js";

const NUDGE = 0.01; // s a press

// action: what it is called here, its key, its values. In the order of the row.
const PADS = {
  tap: { key: "t" },
  one: { name: "this is one", key: "1" },
  half: { name: "÷ 2", key: "h", title: "half tempo" },
  double: { name: "× 2", key: "d", title: "double tempo" },
  fill: { key: "f" },
  count_in: { key: "c" },
  start: { key: "g" },
  stop: { key: "x", name: "end" },
  cue: { key: "q" },
  fermata: { key: "u" },
  release: { key: "o" },
  cut_off: { key: "k" },
  prepare: {},
  new_progression: { name: "new chords", key: "n" },
};

// The pads of a graph, at most so many: {element, close}; null where it has nothing of the kind.
export function pads(session, graph, most = Infinity) {
  const ends = [];
  const all = [
    ...Object.entries(PADS).flatMap(([action, about]) => ofAction(session, graph, action, about)),
    ...nudges(session, graph),
  ];
  if (!all.length) return null;
  const made = all.slice(0, most).map((each) => pad(each, ends));
  const element = h("div", { class: "pads", role: "group", "aria-label": "Play" }, made);
  return { element, close: () => ends.forEach((end) => end()) };
}

// The first node that has an action takes it: the tracker before the conductor behind it.
const having = (graph, action) =>
  graph.nodes.find((node) => node.actions?.some(({ name }) => name === action));

function ofAction(session, graph, action, { name = label(action), title, key }) {
  const node = having(graph, action);
  if (!node) return [];
  return [
    {
      words: name,
      title: `${node.name}: ${title ?? name}`,
      key,
      call: () => session.act(node.name, action),
    },
  ];
}

function nudges(session, graph) {
  const node = having(graph, "nudge");
  if (!node) return [];
  const one = (words, key, seconds) => ({
    words,
    key,
    title: `${node.name}: beats ${1000 * NUDGE} ms ${seconds < 0 ? "earlier" : "later"}`,
    call: () => session.act(node.name, "nudge", seconds),
  });
  return [one("◂ earlier", "[", -NUDGE), one("later ▸", "]", NUDGE)];
}

// Acts on pointerdown: a tap is when the finger comes down.
function pad({ words, title, key, call }, ends) {
  const made = button(words, (event) => event.detail === 0 && call(), { class: "pad", title });
  made.addEventListener("pointerdown", (event) => event.button === 0 && call());
  if (key) {
    ends.push(keys.add(key, title, call));
    made.append(h("kbd", { "aria-hidden": "true" }, key.toUpperCase()));
    made.setAttribute("aria-keyshortcuts", key);
  }
  return made;
}
