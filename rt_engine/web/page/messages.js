// The bar of errors, and the log. An error stays until it is dismissed; the same one is shown once.

import { $, button, h } from "./dom.js";

const SHOWN = 3;
const LINES = 300;

// A problem {text or message, remedy, node}; `help` {words, call} is a button that puts it right.
export function say(problem) {
  const { message, text, remedy = "", node = "", help } = problem;
  const words = text ?? message ?? String(problem);
  const bar = $("#errors");
  const key = `${node}: ${words}`;
  if ([...bar.children].some((child) => child.dataset.key === key)) return;
  const item = h(
    "div",
    { class: "alert", "data-key": key },
    h(
      "p",
      {},
      h("strong", {}, node && !words.includes(node) ? `${node}: ${words}` : words),
      remedy ? h("span", {}, remedy) : "",
    ),
    help
      ? button(
          help.words,
          () => {
            item.remove();
            help.call();
          },
          { class: "small help-out" },
        )
      : null,
    button("Dismiss", () => item.remove(), { class: "small", "aria-label": `Dismiss: ${words}` }),
  );
  bar.append(item);
  while (bar.children.length > SHOWN) bar.firstElementChild.remove();
}

export function hush() {
  $("#errors").replaceChildren();
}

// Calls, and shows what goes wrong; the value, or undefined after an error.
export async function attempt(call) {
  try {
    return await call();
  } catch (problem) {
    say(problem);
    return undefined;
  }
}

export function startLog(session) {
  const lines = $("#lines");
  const add = ({ level = "info", node = "", text = "", remedy = "" }) => {
    const low = lines.scrollHeight - lines.scrollTop - lines.clientHeight < 40;
    const time = new Date().toTimeString().slice(0, 8);
    lines.append(
      h(
        "p",
        { class: `line ${level.toLowerCase()}` },
        h("time", {}, time),
        h("b", {}, node),
        h("span", {}, text, remedy ? h("em", {}, remedy) : ""),
      ),
    );
    while (lines.children.length > LINES) lines.firstElementChild.remove();
    if (low) lines.scrollTop = lines.scrollHeight;
  };
  session.on("log", (message) => {
    add(message);
    const serious = /^(error|critical)$/i.test(message.level);
    if (serious && !/^also: /.test(message.text)) say(message); // what failed first is the cause
  });
  session.on("error", (message) => {
    add({ ...message, level: "error" });
    say(message);
  });
}
