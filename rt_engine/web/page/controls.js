// Controls made from what a node says of its settings.

import { button, h, write } from "./dom.js";
import { label } from "./units.js";

const STEPS = 200; // of a slider over its range

let serial = 0;

// One setting: {element, show(value)}; `change(value)` is called when the user sets it.
export function control(setting, change) {
  const id = `setting-${serial++}`;
  const reset = resetButton(setting, () => {
    show(setting.default);
    change(setting.default);
  });
  const made = (MAKERS[setting.type] ?? textControl)(setting, id, (value) => {
    reset.mark(value);
    change(value);
  });
  const show = (value) => {
    made.show(value);
    reset.mark(value);
  };
  show(setting.value);
  for (const input of made.inputs ?? [made.input]) input.disabled = !setting.live;
  const name = made.group
    ? h("span", { class: "label", id: `${id}-name` }, label(setting.name))
    : h("label", { class: "label", for: id }, label(setting.name));
  const element = h(
    "div",
    { class: "setting", "data-setting": setting.name },
    h("div", { class: "setting-head" }, name, reset.element),
    made.element,
    h("p", { class: "quiet about" }, describe(setting)),
  );
  return { element, show };
}

// Back to the default; it rests while the value is that already, or where there is none.
function resetButton(setting, call) {
  const none = setting.default === undefined || setting.default === null;
  const initial = JSON.stringify(setting.default);
  const element = button("↺", call, {
    class: "small reset",
    "aria-label": `Reset ${label(setting.name)}`,
    title: `default: ${words(setting.default)}`,
    hidden: !setting.live,
  });
  const mark = (value) => {
    element.disabled = none || JSON.stringify(value) === initial;
  };
  return { element, mark };
}

const MAKERS = {
  float: numberControl,
  int: numberControl,
  bool: switchControl,
  choice: choiceControl,
  pair: pairControl,
  list: listControl,
  text: textControl,
};

const words = (value) =>
  Array.isArray(value)
    ? value.join(", ") || "none"
    : value === ""
      ? "empty"
      : value === true
        ? "on"
        : value === false
          ? "off"
          : String(value);

function describe({ unit, min, max, description, live }) {
  const range =
    Number.isFinite(min) && Number.isFinite(max)
      ? `${min} to ${max}`
      : Number.isFinite(min)
        ? `from ${min}`
        : Number.isFinite(max)
          ? `up to ${max}`
          : "";
  const parts = [
    description,
    [range, unit].filter(Boolean).join(" "),
    live ? "" : "set before the start",
  ];
  return parts.filter(Boolean).join(" · ");
}

function numberControl(setting, id, change) {
  const { min, max, type } = setting;
  const bounded = Number.isFinite(min) && Number.isFinite(max);
  const step = type === "int" ? 1 : bounded ? nice((max - min) / STEPS) : "any";
  const read = (input) =>
    input.value === "" || !input.checkValidity() ? undefined : Number(input.value);
  const number = h("input", {
    type: "number",
    id,
    min,
    max,
    step: "any",
    class: "number",
    inputmode: "decimal",
    on: { change: () => apply(number) },
  });
  const slider =
    bounded &&
    h("input", {
      type: "range",
      min,
      max,
      step,
      "aria-label": `${label(setting.name)} slider`,
      on: { input: () => apply(slider) },
    });
  let last = setting.value;
  const show = (value) => {
    last = value;
    if (document.activeElement !== number) number.value = tidy(value);
    if (slider) slider.value = value;
    if (slider)
      slider.setAttribute("aria-valuetext", `${tidy(value)} ${setting.unit ?? ""}`.trim());
  };
  const apply = (input) => {
    const value = read(input);
    if (value === undefined) return void (number.value = tidy(last));
    number.value = tidy(value);
    show(value);
    change(value);
  };
  const inputs = slider ? [slider, number] : [number];
  return { element: h("div", { class: "pairing" }, ...inputs), input: number, inputs, show };
}

const tidy = (value) => (typeof value === "number" ? Number(value.toPrecision(6)) : (value ?? ""));

// The largest of 1, 2, 5 times a power of ten that is not above `step`.
function nice(step) {
  const power = 10 ** Math.floor(Math.log10(step));
  const factor = [5, 2, 1].find((f) => f * power <= step * 1.0001) ?? 1;
  return Number((factor * power).toPrecision(1));
}

function switchControl(setting, id, change) {
  const input = h("input", {
    type: "checkbox",
    role: "switch",
    id,
    class: "switch",
    on: { change: () => change(input.checked) },
  });
  return {
    element: h("div", { class: "pairing" }, input),
    input,
    show: (value) => {
      input.checked = Boolean(value);
    },
  };
}

function choiceControl(setting, id, change) {
  const options = (setting.choices ?? []).map((choice) =>
    h("option", { value: String(choice) }, String(choice)),
  );
  const pick = () => change(setting.choices.find((choice) => String(choice) === input.value));
  const input = h("select", { id, on: { change: pick } }, ...options);
  return {
    element: input,
    input,
    show: (value) => {
      input.value = String(value);
    },
  };
}

function pairControl(setting, id, change) {
  const ends = ["from", "to"].map((end) =>
    h("input", {
      type: "number",
      step: "any",
      class: "number",
      "aria-label": `${label(setting.name)} ${end}`,
      on: { change: () => apply() },
    }),
  );
  const apply = () => {
    const values = ends.map(({ value }) => Number(value));
    if (values.every(Number.isFinite)) change(values);
  };
  const show = (value) =>
    ends.forEach((input, i) => {
      input.value = tidy(value?.[i]);
    });
  return {
    element: h(
      "div",
      { class: "pairing", role: "group", "aria-labelledby": `${id}-name` },
      ends[0],
      h("span", {}, "to"),
      ends[1],
    ),
    inputs: ends,
    group: true,
    show,
  };
}

function listControl(setting, id, change) {
  const parse = (text) =>
    text
      .split(",")
      .map((part) => part.trim())
      .filter(Boolean)
      .map((part) => (Number.isNaN(Number(part)) ? part : Number(part)));
  const input = h("input", {
    type: "text",
    id,
    spellcheck: "false",
    on: { change: () => change(parse(input.value)) },
  });
  return {
    element: input,
    input,
    show: (value) => {
      input.value = Array.isArray(value) ? value.join(", ") : (value ?? "");
    },
  };
}

function textControl(setting, id, change) {
  const input = h("input", {
    type: "text",
    id,
    spellcheck: "false",
    on: { change: () => change(input.value) },
  });
  const plain = (value) =>
    typeof value === "object" && value !== null ? JSON.stringify(value) : (value ?? "");
  return {
    element: input,
    input,
    show: (value) => {
      input.value = plain(value);
    },
  };
}
