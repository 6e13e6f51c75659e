// Elements without a framework: h("button", {class: "x", on: {click: f}}, "text", child).

const SVG = "http://www.w3.org/2000/svg";

export const $ = (selector, root = document) => root.querySelector(selector);

export function h(tag, props = {}, ...children) {
  return fill(document.createElement(tag), props, children);
}

export function svg(tag, props = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), props, children);
}

function fill(element, props, children) {
  for (const [name, value] of Object.entries(props)) setProp(element, name, value);
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

function setProp(element, name, value) {
  if (value === undefined || value === null || value === false) return;
  if (name === "on") {
    for (const [event, call] of Object.entries(value)) element.addEventListener(event, call);
  } else if (name === "value" || name === "checked" || name === "selected") {
    element[name] = value;
  } else {
    element.setAttribute(name, value === true ? "" : value);
  }
}

// Sets text only when it changed: most figures stand still most of the time.
export function write(element, text) {
  const value = String(text);
  if (element.textContent !== value) element.textContent = value;
}

export function button(text, call, props = {}) {
  const { class: kind = "", ...rest } = props;
  return h(
    "button",
    { type: "button", class: `button ${kind}`.trim(), on: { click: call }, ...rest },
    text,
  );
}
