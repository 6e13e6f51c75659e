// Shortcuts of the keyboard, and the list of them under "?".

import { $, button, h } from "./dom.js";

const entries = [];
const TYPING = "input:not([type=range]):not([type=checkbox]), textarea, select";

export const keys = {
  // `key` as in KeyboardEvent.key; "Space" for the space bar. Returns the way to take it back.
  add(key, what, call, when = () => true) {
    const entry = { key, what, call, when };
    entries.push(entry);
    return () => entries.splice(entries.indexOf(entry), 1);
  },
};

function pressed(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest?.(TYPING)) return;
  const key = event.key === " " ? "Space" : event.key;
  const own = event.target.closest?.("button, a, input, canvas, summary, [role=button]");
  if (own && ["Space", "Enter"].includes(key)) return;
  if (event.target.closest?.("input, canvas") && key.startsWith("Arrow")) return;
  const found = entries.findLast((entry) => same(entry.key, key) && entry.when());
  if (!found) return;
  event.preventDefault();
  found.call(event);
}

const same = (a, b) => a === b || (a.length === 1 && a.toLowerCase() === b.toLowerCase());

export function showHelp() {
  const dialog = $("#help");
  const shown = entries.filter((entry) => entry.what && entry.when());
  dialog.replaceChildren(
    h("h2", { id: "help-title" }, "Keys"),
    h(
      "dl",
      {},
      shown.flatMap(({ key, what }) => [
        h("dt", {}, h("kbd", {}, key.toUpperCase())),
        h("dd", {}, what),
      ]),
    ),
    h(
      "p",
      { class: "quiet" },
      "Tab goes from control to control; arrows move a slider or turn a body.",
    ),
    button("Close", () => dialog.close(), { class: "primary" }),
  );
  dialog.showModal();
}

export function startKeys() {
  document.addEventListener("keydown", pressed);
  keys.add("?", "this list", showHelp);
}
