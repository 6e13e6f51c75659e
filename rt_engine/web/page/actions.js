// Buttons for what a node can be asked to do, with a field for each value that it needs.

import { button, h } from "./dom.js";
import { label } from "./units.js";

const NUMBERS = new Set(["float", "int"]);
const NAMES = { one: "this is one", half: "half tempo", double: "double tempo" };

// A button for an action; one that needs values has a field for each.
export function actionButton(action, call) {
  const args = (action.args ?? []).map((arg) =>
    typeof arg === "string" ? { name: arg, type: "text" } : arg,
  );
  const fields = args.map(argument);
  const run = () => {
    const values = fields.flatMap(({ read }) => read());
    while (values.length && values[values.length - 1] === undefined) values.pop();
    call(...values);
  };
  const press = button(NAMES[action.name] ?? label(action.name), run, {
    class: "action",
    "data-action": action.name,
    title: action.doc,
  });
  return fields.length
    ? h("div", { class: "row act" }, press, ...fields.map(({ element }) => element))
    : press;
}

function argument(arg) {
  const title = label(arg.name);
  if (arg.choices) {
    const input = h(
      "select",
      { "aria-label": title },
      ...arg.choices.map((choice) => h("option", { value: choice }, choice)),
    );
    return { element: input, read: () => input.value };
  }
  const number = NUMBERS.has(arg.type);
  const input = h("input", {
    type: number ? "number" : "text",
    step: "any",
    class: "number",
    "aria-label": title,
    placeholder: title,
    value: arg.default ?? "",
  });
  if (arg.many) return { element: input, read: () => input.value.split(/[\s,]+/).filter(Boolean) };
  return {
    element: input,
    read: () => (input.value === "" ? undefined : number ? Number(input.value) : input.value),
  };
}
