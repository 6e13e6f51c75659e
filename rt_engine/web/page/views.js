// Which view shows which stream, and which streams are worth a first look.

import { button, h } from "./dom.js";
import { beatPanel, tempoCurve } from "./view_beat.js";
import { body } from "./view_body.js";
import { bowPath, bowStrokes, posture } from "./view_bow.js";
import { drumGrid } from "./view_drums.js";
import { expression, monitor, notesRoll, ticks } from "./view_events.js";
import { features } from "./view_features.js";
import { picture } from "./view_picture.js";
import { waveform } from "./view_sound.js";
import { cueLine, pitchGauge, playedNotes } from "./view_violin.js";
import { label } from "./units.js";

const PITCH = "pitch, periodicity, level"; // content of the frames of violin.Notes
const BOW = "hand along the bow, m; reliability"; // of violin.Bow
const FRAMES = { [PITCH]: pitchGauge, [BOW]: bowPath };

const MAKERS = {
  Audio: waveform,
  Frames: (session, stream) => (FRAMES[stream.format?.content] ?? features)(session, stream),
  Beats: beatPanel,
  Tempo: tempoCurve,
  Images: (session, stream, graph) =>
    picture(session, { images: stream, poses: posesIn(graph, stream) }),
  Poses: (session, stream, graph) =>
    picture(session, { images: imagesOf(graph, stream.node), poses: stream }),
  Skeletons: (session, stream, graph) =>
    body(session, { ...stream, ictus: sibling(graph, stream, "Beats") }),
  DrumBars: drumGrid,
  PlayedNotes: playedNotes,
  Cues: cueLine,
  Expressions: expression,
  Notes: notesRoll,
  BowStrokes: bowStrokes,
  Postures: posture,
  Onsets: ticks,
  Phrases: ticks,
};

// Every output of a graph as {node, output, kind, format}.
export function streams(graph) {
  return graph.nodes.flatMap((node) =>
    node.outputs.map((out) => ({
      node: node.name,
      output: out.name,
      kind: out.kind,
      format: out.format,
    })),
  );
}

export const hasView = (stream) => stream.kind in MAKERS;

// A view of a stream: {element, close, clear}.
export function view(session, stream) {
  const graph = session.graph;
  const beats = stream.kind === "Frames" ? sibling(graph, stream, "Beats") : null;
  const made = MAKERS[stream.kind](session, { ...stream, beats }, graph);
  const jump = session.on("take", ({ jumped }) => jumped && made.clear());
  return {
    element: made.element,
    close: () => {
      jump();
      made.close();
    },
  };
}

export const sinkView = monitor;

function sibling(graph, { node }, kind) {
  return streams(graph).find((other) => other.node === node && other.kind === kind) ?? null;
}

// The pictures that a node works on, however far up.
function imagesOf(graph, name, seen = new Set()) {
  if (seen.has(name)) return null;
  seen.add(name);
  const own = streams(graph).find(({ node, kind }) => node === name && kind === "Images");
  if (own) return own;
  for (const { from } of graph.nodes.find((node) => node.name === name)?.inputs ?? []) {
    const found = imagesOf(graph, from.split(".")[0], seen);
    if (found) return found;
  }
  return null;
}

// The steadiest bodies found in a picture: those furthest down.
function posesIn(graph, { node }) {
  return (
    streams(graph).findLast(
      (other) => other.kind === "Poses" && imagesOf(graph, other.node)?.node === node,
    ) ?? null
  );
}

const MOST = 6; // tiles at first

// In the order of what a performer wants to see.
const FIRST = [
  (all) => all.find(({ kind, output }) => kind === "Beats" && output !== "next"),
  (all) => all.findLast(({ kind }) => kind === "Cues"),
  (all) => all.find(({ kind }) => kind === "Images"),
  (all) => all.findLast(({ kind }) => kind === "Skeletons"),
  (all) => all.findLast(({ kind }) => kind === "DrumBars"),
  (all) => all.find(({ format }) => format?.content === PITCH),
  (all) => all.findLast(({ kind }) => kind === "PlayedNotes"),
  (all) => all.find(({ format }) => format?.content === BOW),
  (all) => all.find(({ kind }) => kind === "Postures"),
  (all) => all.find(({ output }) => output === "activation"),
  (all) => all.find(({ kind }) => kind === "Expressions"),
  (all) => all.find(({ kind }) => kind === "Audio"),
  (all) => all.find(({ kind }) => kind === "Tempo"),
  (all) => all.find(({ format }) => /mel/.test(format?.content ?? "")),
];

export function overview(graph) {
  const all = streams(graph).filter(hasView);
  const found = FIRST.map((pick) => pick(all)).filter(Boolean);
  return [...new Set(found.length ? found : all)].slice(0, MOST);
}

// The tiles of the page; they end together when the graph does.
export class Deck {
  constructor(session, place, choose) {
    Object.assign(this, { session, place, choose, open: [] });
  }

  show(graph) {
    this.close();
    for (const stream of overview(graph)) this.add(stream);
  }

  add(stream) {
    const made = view(this.session, stream);
    const title = `${stream.node} · ${label(stream.output)}`;
    const head = button(title, () => this.choose(stream.node), {
      class: "tile-title",
      title: `settings of ${stream.node}`,
    });
    const tile = h(
      "article",
      { class: `tile ${stream.kind.toLowerCase()}`, "aria-label": title },
      head,
      made.element,
    );
    this.place.append(tile);
    this.open.push(made);
  }

  close() {
    for (const made of this.open.splice(0)) made.close();
    this.place.replaceChildren();
  }
}
