// Takes: the list, what is recorded now, and the one that is open.

import { trying } from "./api.js";
import { button, h, write } from "./dom.js";
import { Player } from "./player.js";
import { clockTime } from "./units.js";

export { presetsBar } from "./presets.js";

const POLL = 500; // ms between two looks at an export

export function mountTakes(section, shared) {
  const takes = new Takes(section, shared);
  takes.refresh();
  return takes;
}

class Takes {
  constructor(section, { api, send, on, error, keys }) {
    this.try = trying(api, error);
    Object.assign(this, { send, error });
    this.recording = null;
    this.forms = [];
    this.player = new Player({ send, on, keys, about: (name) => this.try("GET", path(name)) });
    this.list = h("ul", { class: "take-list" });
    this.none = h("p", { class: "quiet" }, "None yet: start a graph and press Record.");
    this.place = h("p", { class: "quiet take-folder" });
    section.append(this.player.element, this.none, this.list, this.place);
    on("recording", (message) => this.recorded(message));
    on("open", () => this.refresh());
    keys?.add(
      "m",
      "marker in the record",
      () => this.mark(),
      () => Boolean(this.recording),
    );
  }

  async refresh() {
    const found = await this.try("GET", "/api/takes");
    if (!found) return;
    this.forms = found.forms;
    this.none.hidden = found.takes.length > 0;
    write(this.place, found.takes.length ? `In ${found.folder}` : "");
    this.list.replaceChildren(...found.takes.map((take) => this.row(take)));
  }

  recorded({ name, last }) {
    const ended = this.recording && !name;
    this.recording = name;
    if (ended || last) this.refresh();
  }

  toggleRecord() {
    return this.try("POST", "/api/record", { on: !this.recording });
  }

  mark(text = "") {
    return this.try("POST", "/api/marker", { text });
  }

  row(take) {
    const open = (mode) => this.try("POST", `${path(take.name)}/open`, { mode });
    const named = (what) => ({ "aria-label": `${what} ${take.name}`, class: "small" });
    const tools = take.error
      ? []
      : [
          button("Open", () => open("scrub"), named("Open")),
          button("Play out", () => open("live"), {
            ...named("Play out"),
            title: "Run it again as live: OSC, MIDI and VMC go out",
          }),
          this.exporter(take),
        ];
    return h(
      "li",
      { class: "take" },
      h(
        "div",
        { class: "take-head" },
        h("strong", {}, take.name),
        h("span", { class: "quiet" }, facts(take)),
      ),
      h(
        "div",
        { class: "row" },
        ...tools,
        deleter(take.name, () => this.remove(take.name)),
      ),
      take.error ? h("p", { class: "quiet" }, take.error) : this.notes(take),
    );
  }

  notes(take) {
    const save = ({ target }) => this.try("PATCH", path(take.name), { notes: target.value });
    return h("textarea", {
      class: "take-notes",
      rows: "1",
      maxlength: "20000",
      placeholder: "Notes",
      "aria-label": `Notes on ${take.name}`,
      value: take.notes,
      on: { change: save },
    });
  }

  exporter(take) {
    const shown = h("span", { class: "row" });
    const files = (names) =>
      shown.replaceChildren(
        ...names.map((file) =>
          h(
            "a",
            { href: `${path(take.name)}/files/${encodeURIComponent(file)}`, download: file },
            file.split(".").pop(),
          ),
        ),
      );
    const choice = h(
      "select",
      {
        "aria-label": `Export ${take.name}`,
        on: { change: () => this.export(take.name, choice, shown, files) },
      },
      h("option", { value: "" }, "Export"),
      ...this.forms.map((form) => h("option", { value: form }, form)),
    );
    files(take.files ?? []);
    return h("span", { class: "row" }, choice, shown);
  }

  async export(name, choice, shown, files) {
    const form = choice.value;
    choice.value = "";
    const job = form && (await this.try("POST", `${path(name)}/export`, { form }));
    if (!job) return;
    const bar = h("progress", { max: "1", value: 0, "aria-label": `${form} of ${name}` });
    shown.append(bar);
    for (;;) {
      await new Promise((done) => setTimeout(done, POLL));
      const found = await this.try("GET", `/api/jobs/${job.id}`);
      if (found?.file === undefined && found?.error === undefined && found) {
        bar.value = found.done;
        continue;
      }
      bar.remove();
      if (found?.error) this.error(found.error, found.remedy);
      const about = found?.file && (await this.try("GET", path(name)));
      if (about) files(about.files);
      return;
    }
  }

  async remove(name) {
    if (await this.try("DELETE", path(name))) this.refresh();
  }
}

const path = (name) => `/api/takes/${encodeURIComponent(name)}`;

function facts({ seconds, graph, date, bytes, whole, from_start: first }) {
  const when = new Date(date).toLocaleString([], { dateStyle: "medium", timeStyle: "short" });
  const size = bytes < 1e6 ? `${Math.ceil(bytes / 1e3)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
  const cut = whole === false ? "cut off" : "";
  return [clockTime(seconds), graph, when, size, first ? "" : "begun while it ran", cut]
    .filter(Boolean)
    .join(" · ");
}

// Asks once more: a take that is deleted is gone.
function deleter(name, call) {
  let sure = 0;
  const made = button(
    "Delete",
    () => {
      if (sure) return call();
      write(made, "Really delete?");
      made.classList.add("danger");
      sure = setTimeout(() => {
        sure = 0;
        write(made, "Delete");
        made.classList.remove("danger");
      }, 4000);
    },
    { class: "small", "aria-label": `Delete ${name}` },
  );
  return made;
}
