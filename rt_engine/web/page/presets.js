// Presets of the graph that runs: apply, save, rename, delete.

import { trying } from "./api.js";
import { button, h } from "./dom.js";

export function presetsBar(place, { api, error }) {
  const bar = new Presets(api, error);
  place.append(bar.element);
  return bar;
}

class Presets {
  constructor(api, error) {
    this.try = trying(api, error);
    this.error = error;
    this.list = h("ul", { class: "row preset-list" });
    this.name = h("input", {
      type: "text",
      maxlength: "60",
      placeholder: "Name",
      "aria-label": "Name of the preset",
      on: { keydown: ({ key }) => key === "Enter" && this.save() },
    });
    this.element = h(
      "div",
      { class: "preset-bar" },
      this.list,
      h(
        "div",
        { class: "row" },
        this.name,
        button("Save settings", () => this.save()),
      ),
    );
  }

  async refresh() {
    const found = await this.try("GET", "/api/presets");
    if (found) this.list.replaceChildren(...found.map(({ name }) => this.item(name)));
  }

  item(name) {
    const small = (words, what, call) =>
      button(words, call, { class: "small", "aria-label": `${what} preset ${name}` });
    return h(
      "li",
      { class: "row preset" },
      button(name, () => this.apply(name), { "aria-label": `Apply preset ${name}` }),
      small("Rename", "Rename", () => this.rename(name)),
      small("Delete", "Delete", () => this.remove(name)),
    );
  }

  async apply(name) {
    const found = await this.try("POST", "/api/presets", { apply: name });
    if (found?.skipped.length) {
      this.error(
        `Preset ${name}: not in this graph: ${found.skipped.join(", ")}`,
        "The rest was applied; save it again to leave them out.",
      );
    }
  }

  async save() {
    const name = this.name.value.trim();
    if (!name) return this.name.focus();
    if (await this.try("POST", "/api/presets", { save: name })) {
      this.name.value = "";
      await this.refresh();
    }
  }

  // The name in the field is the new one.
  async rename(name) {
    const to = this.name.value.trim();
    if (!to) {
      this.name.placeholder = `New name of ${name}, then Rename`;
      return this.name.focus();
    }
    if (await this.try("POST", "/api/presets", { rename: name, to })) {
      this.name.value = "";
      this.name.placeholder = "Name";
      await this.refresh();
    }
  }

  async remove(name) {
    if (await this.try("DELETE", `/api/presets?name=${encodeURIComponent(name)}`))
      await this.refresh();
  }
}
