// The page: one session, and the parts that it feeds.

import { Problem, call, get } from "./api.js";
import { capture, captured } from "./capture.js";
import { $, button, h } from "./dom.js";
import { keys, startKeys } from "./keys.js";
import { GraphMap } from "./map.js";
import { attempt, hush, say, startLog } from "./messages.js";
import { Inspector } from "./node.js";
import { pads } from "./pads.js";
import { forget, lateness } from "./screen.js";
import { Session } from "./session.js";
import { Stage } from "./stage.js";
import { Studio } from "./studio.js";
import { mountTakes, presetsBar } from "./takes.js";
import { TopBar } from "./top.js";
import { Deck } from "./views.js";

const GONE = 1500; // ms without a connection before that is said

const session = new Session(
  `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws`,
);
const error = (text, remedy = "") => say({ text, remedy });
const stage = new Stage(session);
const studio = new Studio(session);
const map = new GraphMap(session, choose);
const inspector = new Inspector(session);
const deck = new Deck(session, $("#tiles"), choose);
const shared = {
  api: call,
  send: (message) => session.send(message),
  on: (is, take) => session.on(is, take),
  error,
  keys,
};
const takes = mountTakes($("#takes"), shared);

let steering = null;
let device = null;

function choose(name) {
  inspector.show(name);
  map.mark(name);
  if (matchMedia("(max-width: 1099px)").matches) $("#inspector").scrollIntoView({ block: "start" });
}

function begin(graph) {
  hush();
  letGo();
  $("#live").hidden = false;
  map.chosen = null;
  map.draw(graph);
  inspector.close();
  steering = pads(session, graph);
  if (steering) $("#deck").prepend(steering.element);
  deck.show(graph);
  offerDevice(graph);
}

function letGo() {
  steering?.element.remove();
  steering?.close();
  steering = null;
  deck.close();
  inspector.close();
  device?.close();
  device = null;
  $("#device")?.remove();
}

// A graph that takes this browser's camera or microphone waits for a press: browsers demand it.
function offerDevice(graph) {
  const wanted = captured(graph).map(({ what }) => what);
  if (!wanted.length) return;
  const use = button(
    `Use this device's ${wanted.join(" and ")}`,
    () =>
      attempt(async () => {
        device?.close();
        device = await capture(session, graph);
        use.textContent = `This device sends its ${wanted.join(" and ")}`;
      }),
    { class: "primary" },
  );
  $("#live").before(h("p", { id: "device", class: "panel" }, use));
}

async function ended() {
  letGo();
  $("#live").hidden = true;
  await studio.show();
}

async function refresh() {
  const found = await attempt(() => get("/api/state"));
  if (!found) return;
  if (found.error) say(found.error);
  if (!found.running && !session.graph) await ended();
}

let gone = null;
session.on("begin", begin);
session.on("ended", ended);
session.on("open", () => {
  clearTimeout(gone);
  hush();
  refresh();
});
session.on("closed", () => {
  clearTimeout(gone);
  gone = setTimeout(
    () =>
      say(
        new Problem(
          "The connection to the engine is lost.",
          "The page tries again; is rt-engine still running?",
        ),
      ),
    GONE,
  );
});

startLog(session);
new TopBar(session, { takes, openStage: () => stage.show() });
startKeys();
const alarmed = () => $("#errors").childElementCount > 0 && !document.querySelector("dialog[open]");
keys.add("Escape", "", hush, alarmed);
const presets = presetsBar($("#preset-bar"), shared);
session.on("begin", () => presets?.refresh?.());
window.rtEngine = { session, lateness, forget }; // for the console, and for measurements
