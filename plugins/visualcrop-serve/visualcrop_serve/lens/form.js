// One searcher and its options, as a form made from what the server says it has.

import { el, plural } from "./dom.js";
import { getJson } from "./stream.js";

const UNKNOWN_MOST = 60; // passes at the right end of the slider, where nobody knows the most
const PAUSE = 150; // milliseconds without a change before the price is asked for
let made = 0;

/** Fires "change" when spec or budget changed, and "price" when the price is known. */
export class SearcherForm extends EventTarget {
  #all;
  #name;
  #set = new Map(); // path -> value as a spec writes it; only what was changed
  #most = UNKNOWN_MOST;
  #timer = 0;
  #asked = 0;
  #opened = new Set();
  passes = null; // the budget; null: no limit
  price = null;

  /** `all` is what /lens/searchers says. */
  constructor(all, name) {
    super();
    this.#all = all;
    this.#name = name;
    this.id = `searcher-${++made}`;
    this.side = el("span", { class: "letter", "aria-hidden": "true" });
    this.title = el("b");
    this.cost = el("span", { class: "cost" });
    this.body = el("div", { class: "setting-body" });
    const summary = el("summary", {}, this.side, this.title, this.cost);
    this.element = el("details", { class: "setting" }, summary, this.body);
    this.#render();
    this.#askPrice(0);
  }

  get name() {
    return this.#name;
  }

  /** What a request and a link name: only what was changed is written out. */
  get spec() {
    return this.#name + this.#write(this.#described("searcher", this.#name), "");
  }

  /** Take over a spec and a budget; the server's sentence is thrown where it refuses. */
  async load(spec, passes) {
    const found = await getJson(`/lens/price?${new URLSearchParams({ searcher: spec })}`);
    this.#name = found.name;
    this.#set.clear();
    const settled = this.#described("searcher", found.name)?.settled ?? {};
    for (const [path, value] of Object.entries(found.options))
      if (settled[path] !== value) this.#set.set(path, value);
    this.passes = passes;
    this.#changed(true);
  }

  set letter(letter) {
    this.side.textContent = letter;
    this.side.hidden = !letter;
  }

  #described(kind, name) {
    const listed = kind === "searcher" ? this.#all.searchers : (this.#all.kinds[kind] ?? []);
    return listed.find((each) => each.name === name);
  }

  /** What an option is if nobody sets it; the model's settings hold where nothing else is. */
  #default(path, option) {
    const settled = this.#described("searcher", this.#name)?.settled ?? {};
    const parts = path.split(".").slice(0, -1);
    const isOwn = parts.every((_, at) => {
      const above = parts.slice(0, at + 1).join(".");
      return !this.#set.has(above) || this.#set.get(above) === settled[above];
    });
    return isOwn && path in settled ? settled[path] : option.default;
  }

  #value(path, option) {
    return this.#set.get(path) ?? this.#default(path, option);
  }

  /** The changed options in parentheses; empty where there are none. */
  #write(described, prefix) {
    const parts = [];
    for (const option of described?.options ?? []) {
      const path = prefix + option.name;
      if (option.type === "strategy") {
        const name = this.#value(path, option);
        const inner = this.#write(this.#described(option.kind, name), `${path}.`);
        if (inner || this.#set.has(path)) parts.push(`${option.name}=${name}${inner}`);
      } else if (this.#set.has(path)) parts.push(`${option.name}=${this.#set.get(path)}`);
    }
    return parts.length ? `(${parts.join(", ")})` : "";
  }

  #change(path, option, value) {
    if (option.type === "strategy")
      for (const inner of [...this.#set.keys()])
        if (inner.startsWith(`${path}.`)) this.#set.delete(inner);
    if (value === this.#default(path, option)) this.#set.delete(path);
    else this.#set.set(path, value);
    this.#changed(option.type === "strategy");
  }

  #changed(isWhole) {
    if (isWhole) this.#render();
    this.#askPrice(PAUSE);
    this.dispatchEvent(new Event("change"));
  }

  // -- the price

  #askPrice(pause) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#fetchPrice(), pause);
  }

  async #fetchPrice() {
    const asked = ++this.#asked;
    const query = { searcher: this.spec };
    try {
      const free = await getJson(`/lens/price?${new URLSearchParams(query)}`);
      if (this.passes !== null) query.passes = this.passes;
      const price =
        this.passes === null ? free : await getJson(`/lens/price?${new URLSearchParams(query)}`);
      if (asked !== this.#asked) return;
      this.#most = free.passes[1] ?? UNKNOWN_MOST;
      this.price = price;
      this.problem.textContent = "";
    } catch (problem) {
      if (asked !== this.#asked) return;
      this.price = null;
      this.problem.textContent = problem.message;
    }
    this.#showPrice();
    this.dispatchEvent(new Event("price"));
  }

  #showPrice() {
    this.title.textContent = this.spec;
    this.cost.textContent = this.price ? sayPrice(this.price) : "";
    this.slider.max = this.#most;
    this.slider.value = this.passes ?? this.#most;
    this.limit.textContent = this.passes === null ? "no limit" : plural(this.passes, "pass", "passes");
    this.slider.setAttribute("aria-valuetext", this.limit.textContent);
  }

  // -- elements

  #render() {
    const described = this.#described("searcher", this.#name);
    const id = `${this.id}-name`;
    const choice = el(
      "select",
      { id, onchange: ({ target }) => this.#choose(target.value) },
      ...this.#all.searchers.map(({ name }) => el("option", { value: name }, name)),
    );
    choice.value = this.#name;
    this.problem = el("p", { class: "problem-line", role: "alert" });
    const focused = document.activeElement?.dataset?.path;
    this.body.replaceChildren(
      el("label", { class: "row", for: id }, el("span", {}, "Searcher"), choice),
      el("p", { class: "quiet" }, described?.summary ?? ""),
      this.#makeBudget(),
      ...this.#makeOptions(described, ""),
      this.problem,
    );
    if (focused) this.body.querySelector(`[data-path="${CSS.escape(focused)}"]`)?.focus();
    this.#showPrice();
  }

  #choose(name) {
    this.#name = name;
    this.#set.clear();
    this.#changed(true);
    this.body.querySelector("select").focus();
  }

  #makeBudget() {
    const id = `${this.id}-budget`;
    this.limit = el("output", { for: id });
    this.slider = el("input", {
      id,
      type: "range",
      min: 0,
      max: this.#most,
      oninput: () => {
        const passes = Number(this.slider.value);
        this.passes = passes >= this.#most ? null : passes;
        this.#showPrice();
        this.#changed(false);
      },
    });
    const label = el("label", { for: id }, "Budget before the answer");
    return el("div", { class: "budget" }, label, this.limit, this.slider);
  }

  #makeOptions(described, prefix) {
    return (described?.options ?? []).map((option) => this.#makeOption(option, prefix + option.name));
  }

  #makeOption(option, path) {
    const id = `${this.id}-${path}`;
    const field = this.#makeField(option, path, id);
    field.dataset.path = path;
    field.setAttribute("aria-describedby", `${id}-help`);
    const help = el("small", { id: `${id}-help` }, option.help);
    const row = el(
      "div",
      { class: `option option-${option.type}` },
      el("label", { for: id }, option.name),
      field,
      help,
    );
    if (option.type !== "strategy") return row;
    const inner = this.#described(option.kind, this.#value(path, option));
    if (!inner?.options.length) return row;
    const more = el(
      "details",
      {
        open: this.#opened.has(path),
        ontoggle: () => this.#opened[more.open ? "add" : "delete"](path),
      },
      el("summary", {}, `Options of ${inner.name}`),
      ...this.#makeOptions(inner, `${path}.`),
    );
    row.append(more);
    return row;
  }

  #makeField(option, path, id) {
    const value = this.#value(path, option);
    const take = (text) => this.#change(path, option, text);
    if (option.type === "boolean") {
      const onchange = ({ target }) => take(String(target.checked));
      return el("input", { id, type: "checkbox", checked: value === "true", onchange });
    }
    if (option.choices) {
      const words = [...option.choices, ...(option.optional ? ["none"] : [])];
      const made = el(
        "select",
        { id, onchange: ({ target }) => take(target.value) },
        ...words.map((word) => el("option", { value: word }, unquote(word))),
      );
      made.value = value;
      return made;
    }
    if (option.type === "text" && !(option.optional && value === "none")) {
      const onchange = ({ target }) => take(JSON.stringify(target.value));
      return el("input", { id, value: unquote(value), onchange });
    }
    const isNumber = !option.optional && ["integer", "number"].includes(option.type);
    return el("input", {
      id,
      value,
      type: isNumber ? "number" : "text",
      min: isNumber ? option.least : null,
      max: isNumber ? option.most : null,
      step: !isNumber ? null : option.type === "integer" ? 1 : "any",
      placeholder: option.default,
      onchange: ({ target }) => take(target.value.trim() || option.default),
    });
  }
}

/** A price in passes, as a few words. */
export function sayPrice({ passes: [least, most], likely }) {
  if (least === most) return plural(least, "pass", "passes");
  if (likely === null && most === null) return "passes depend on the picture";
  if (likely === null || likely === most) return `up to ${plural(most, "pass", "passes")}`;
  const about = `about ${plural(likely, "pass", "passes")}`;
  return most === null ? about : `${about}, ${most} at most`;
}

function unquote(value) {
  if (!value.startsWith('"')) return value;
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}
