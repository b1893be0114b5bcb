// One search as it is watched: the picture under its map and boxes, stages, and what it says.

import { announce, el, isStill, percent, plural } from "./dom.js";
import { Viewer } from "/assets/viewer/viewer.js";

const WORDS = {
  targets: "what to look for",
  relevance: "where to look",
  verification: "whether it is there",
  answer: "what to say",
};
const DOTS = 40; // passes of a stage that are drawn one by one
const GROWTH = 700; // milliseconds until the crop has grown
const MARGIN = 0.35; // around the box that is shown near, of its own sides
const SPEAK = 3; // targets whose boxes are listed to screen readers in one breath

export class Look {
  #canvas = el("canvas", { class: "near-picture" });
  #lines = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  #near; // the box that is shown near, in pixels of the picture
  #picture = null;
  #shown = 0; // which target's map is shown

  constructor(label) {
    this.label = label;
    this.stages = [];
    this.evidence = [];
    this.answer = null;
    const canvas = el("div", { class: "viewer-frame" });
    this.nearCaption = el("figcaption");
    this.near = el("figure", { class: "near", hidden: true }, this.#canvas, this.nearCaption);
    this.#lines.setAttribute("class", "near-lines");
    this.#lines.setAttribute("aria-hidden", "true");
    this.name = el("p", { class: "view-name" });
    this.view = el("div", { class: "view" }, canvas, this.#lines, this.near, this.name);
    this.viewer = new Viewer(canvas, { label: "The picture", controls: false });
    this.viewer.addEventListener("viewchange", () => this.#drawLines());
    this.viewer.addEventListener("boxclick", ({ detail }) => {
      this.viewer.zoomTo(widen(detail.box.pixels, 1.2));
    });
    new ResizeObserver(() => this.#drawLines()).observe(this.view);
    this.verdict = makeVerdict();
    this.stageList = el("ol", { class: "stages", "aria-label": "Stages" });
    this.targetList = el("div", { class: "targets", role: "group", "aria-label": "Maps" });
    this.foundList = el("ul", { class: "found", "aria-label": "Boxes" });
    this.details = el("section", { class: "look" }, this.stageList, this.targetList, this.foundList);
  }

  async setPicture(picture) {
    this.#picture = picture;
    this.size = { width: picture.width, height: picture.height };
    this.clear();
    await this.viewer.setPicture(picture.bitmap, this.size);
  }

  /** As before any question. */
  clear() {
    this.stages = [];
    this.evidence = [];
    this.answer = null;
    this.truth = [];
    this.#shown = 0;
    this.#hideNear();
    this.viewer.setMap(null);
    this.viewer.setBoxes([]);
    this.stageList.replaceChildren();
    this.targetList.replaceChildren();
    this.foundList.replaceChildren();
    showVerdict(this.verdict, { label: this.label, state: "idle" });
  }

  /** Begin to watch; `truth` are boxes that are shown at the end. */
  start(label, truth = []) {
    this.label = label;
    this.clear();
    this.truth = truth;
    this.details.setAttribute("aria-label", label);
    showVerdict(this.verdict, { label, state: "running", words: "looking" });
    this.viewer.fit({ animate: true });
  }

  /** One event of the stream. */
  progress(event) {
    if (event.type === "stage") this.#addStage(event);
    if (event.type === "evidence") this.#addEvidence(event);
  }

  /** The end: what it says, and on what that rests. */
  finish({ text, result }, expected) {
    this.answer = { text, result };
    this.evidence = result.evidence;
    this.stages = Object.entries(result.passes).map(([stage, passes]) => ({ stage, passes }));
    this.#showStages(null);
    this.#showMap(Math.min(this.#shown, Math.max(0, this.evidence.length - 1)), false);
    this.#showBoxes();
    this.#listFound();
    showVerdict(this.verdict, describeVerdict(this.label, this.answer, expected));
    this.#showNear();
  }

  fail(message) {
    this.#showStages(null);
    showVerdict(this.verdict, { label: this.label, state: "failed", words: message });
  }

  // -- while it runs

  #addStage({ stage, passes, expected }) {
    const known = this.stages.find((each) => each.stage === stage);
    if (known) Object.assign(known, { passes, expected });
    else {
      this.stages.push({ stage, passes, expected });
      announce(`${this.label}: ${WORDS[stage] ?? stage}`);
    }
    this.#showStages(stage);
  }

  #showStages(running) {
    const rows = this.stages.map(({ stage, passes, expected }) => {
      const all = Math.max(passes, expected ?? 0);
      const dots = el("span", { class: "dots", "aria-hidden": "true" });
      for (let at = 0; at < Math.min(all, DOTS); at++)
        dots.append(el("i", { class: at < passes ? "run" : null }));
      const count = running === stage && all > passes ? `${passes} of ${all}` : `${passes}`;
      return el(
        "li",
        { "data-stage": stage, class: running === stage ? "running" : null },
        el("span", { class: "stage-name" }, el("b", {}, stage), ` ${WORDS[stage] ?? ""}`),
        dots,
        el("span", { class: "count" }, count),
      );
    });
    this.stageList.replaceChildren(...rows);
  }

  #addEvidence(event) {
    const at = this.evidence.findIndex(({ target }) => target === event.target);
    const map = event.map ?? this.evidence[at]?.map ?? null; // later events need not repeat it
    const isNew = map !== null && !this.evidence[at]?.map;
    const index = at < 0 ? this.evidence.push(null) - 1 : at;
    this.evidence[index] = { ...event, map };
    if (isNew) this.#showMap(index, true);
    this.#showBoxes();
  }

  #showMap(index, fade) {
    this.#shown = index;
    this.viewer.setMap(this.evidence[index]?.map ?? null, { fade });
    const several = this.evidence.filter(({ map }) => map).length > 1;
    this.targetList.replaceChildren(
      ...(several ? this.evidence : []).map(({ target }, at) =>
        el(
          "button",
          {
            type: "button",
            "aria-pressed": String(at === index),
            onclick: () => this.#showMap(at, false),
          },
          target,
        ),
      ),
    );
  }

  #showBoxes() {
    const isDone = this.answer !== null;
    const chosen = isDone ? this.answer.result.boxes : [];
    const same = (one, other) => one.pixels.every((edge, at) => edge === other.pixels[at]);
    const tried = this.evidence
      .flatMap(({ boxes }) => boxes)
      .filter((box) => box.confidence !== null && !chosen.some((other) => same(box, other)));
    this.viewer.setBoxes([
      ...tried.map((box) => toDrawn(box, isDone ? "tried" : box.chosen ? "chosen" : "tried")),
      ...(isDone ? this.truth.map((pixels) => ({ pixels, label: "truth", kind: "truth" })) : []),
      ...chosen.map((box) => toDrawn(box, "chosen")),
    ]);
  }

  // -- at the end

  #listFound() {
    const found = this.answer.result.boxes;
    this.foundList.replaceChildren(
      ...found.map((box) =>
        el(
          "li",
          {},
          el(
            "button",
            { type: "button", onclick: () => this.viewer.zoomTo(widen(box.pixels, 1.2)) },
            el("b", {}, box.target),
            ` ${sayConfidence(box)}`,
            el("span", { class: "quiet" }, ` ${box.pixels.map(Math.round).join(", ")}`),
          ),
        ),
      ),
    );
  }

  /** Zoom to all that was found. */
  zoomToFound() {
    const found = this.answer?.result.boxes ?? [];
    if (found.length) this.viewer.zoomTo(widen(unite(found.map(({ pixels }) => pixels)), 1.3));
  }

  /** What was found, near: for pictures to take away, too. */
  drawNear(canvas, side) {
    const found = this.answer?.result.boxes ?? [];
    if (!found.length || !this.#picture) return null;
    const box = this.#nearBox(found);
    const { width, height } = this.answer.result.image;
    const [left, top, right, bottom] = box;
    const scale = side / Math.max(right - left, bottom - top);
    canvas.width = Math.max(1, Math.round((right - left) * scale));
    canvas.height = Math.max(1, Math.round((bottom - top) * scale));
    const source = this.#picture.bitmap;
    const across = source.width / width, down = source.height / height; // a thumbnail is smaller
    const context = canvas.getContext("2d");
    context.imageSmoothingEnabled = scale < 6;
    context.imageSmoothingQuality = "high";
    context.drawImage(
      source,
      ...[left * across, top * down, (right - left) * across, (bottom - top) * down],
      ...[0, 0, canvas.width, canvas.height],
    );
    return box;
  }

  #nearBox(found) {
    const { width, height } = this.answer.result.image;
    const [left, top, right, bottom] = unite(found.map(({ pixels }) => pixels));
    return [Math.max(0, left), Math.max(0, top), Math.min(width, right), Math.min(height, bottom)];
  }

  #showNear() {
    const box = this.drawNear(this.#canvas, 520);
    if (!box) return;
    const { width, height } = this.answer.result.image;
    const share = ((box[2] - box[0]) * (box[3] - box[1])) / (width * height);
    if (share > 0.6) return; // it is the picture, nearly
    const [first] = this.answer.result.boxes;
    const more = this.answer.result.boxes.length - 1;
    this.nearCaption.textContent = more
      ? plural(more + 1, "box", "boxes")
      : `${first.target} ${sayConfidence(first)}`;
    this.#near = box;
    this.near.hidden = false;
    const isRight = (box[0] + box[2]) / 2 < width / 2; // away from what it shows
    const isLow = (box[1] + box[3]) / 2 < height / 2;
    this.near.dataset.corner = `${isLow ? "bottom" : "top"}-${isRight ? "right" : "left"}`;
    this.#grow();
    this.#drawLines();
  }

  /** Let the crop grow out of its place in the picture. */
  #grow() {
    if (isStill()) return;
    const [left, top, right] = this.#onScreen(this.#near);
    const { offsetLeft, offsetTop, offsetWidth } = this.near;
    const scale = Math.max(0.02, (right - left) / offsetWidth);
    const from = `translate(${left - offsetLeft}px, ${top - offsetTop}px) scale(${scale})`;
    const timing = { duration: GROWTH, easing: "cubic-bezier(.2, .8, .2, 1)" };
    this.near.animate([{ transform: from, opacity: 0.2 }, { transform: "none", opacity: 1 }], timing);
    this.#lines.animate([{ opacity: 0 }, { opacity: 0, offset: 0.6 }, { opacity: 1 }], timing);
  }

  #hideNear() {
    this.near.hidden = true;
    this.#near = null;
    this.#lines.replaceChildren();
  }

  #onScreen([left, top, right, bottom]) {
    const { rectangle, scale } = this.viewer.view;
    const [x, y] = rectangle;
    return [(left - x) * scale, (top - y) * scale, (right - x) * scale, (bottom - y) * scale];
  }

  /** Lines from the box to where it is shown near. */
  #drawLines() {
    if (!this.#near) return;
    const { offsetLeft: x, offsetTop: y, offsetWidth: wide, offsetHeight: high } = this.near;
    const [left, top, right, bottom] = this.#onScreen(this.#near);
    const { clientWidth, clientHeight } = this.view;
    const isInside = right > 0 && bottom > 0 && left < clientWidth && top < clientHeight;
    const isLarge = right - left > wide * 0.9; // the picture itself shows it as near
    this.near.classList.toggle("faded", isLarge);
    this.#lines.replaceChildren();
    if (!isInside || isLarge) return;
    const to = [x, y, x + wide, y + high];
    for (const [x1, y1, x2, y2] of joinCorners([left, top, right, bottom], to)) {
      const line = document.createElementNS("http://www.w3.org/2000/svg", "line");
      for (const [key, value] of Object.entries({ x1, y1, x2, y2 })) line.setAttribute(key, value);
      this.#lines.append(line);
    }
  }

  /** One sentence for those who do not see the page. */
  get sentence() {
    const { text, result } = this.answer;
    const found = result.boxes.slice(0, SPEAK).map((box) => `${box.target} ${sayConfidence(box)}`);
    const passes = Object.values(result.passes).reduce((sum, each) => sum + each, 0);
    return `${this.label} answers ${result.choice ?? text}, in ${plural(passes, "pass", "passes")}${
      found.length ? `; found: ${found.join(", ")}` : ""
    }.`;
  }

  destroy() {
    this.viewer.destroy();
    for (const part of [this.view, this.verdict, this.details]) part.remove();
  }
}

// -- what is said

export function makeVerdict(kind = "searched") {
  return el("article", { class: `verdict ${kind}` });
}

/** Fill the card of one answer. */
export function showVerdict(card, { label, state, words = "", meta = "", right = null, bars = [] }) {
  card.dataset.state = state;
  const mark = right === null ? null : el("span", { class: right ? "right" : "wrong" }, right ? "right" : "wrong");
  card.replaceChildren(
    el("h2", {}, label),
    el("p", { class: words.length > 24 ? "words long" : "words" }, words || "\u00a0"),
    el("p", { class: "meta" }, mark, meta),
    ...(bars.length ? [makeBars(bars)] : []),
  );
}

/** What the card of an answer says; `expected` is the truth, where it is known. */
export function describeVerdict(label, { text, result }, expected) {
  const words = result.choice ?? text;
  const passes = Object.values(result.passes).reduce((sum, each) => sum + each, 0);
  const meta = [plural(passes, "pass", "passes"), `${result.seconds.toFixed(result.seconds < 10 ? 1 : 0)} s`];
  if (result.exhausted) meta.push("budget used up");
  if (result.untargeted) meta.push("nothing to look for");
  if (result.abstained) meta.push("abstained");
  const bars = Object.entries(result.choices ?? {});
  const right = expected === null || expected === undefined ? null : same(words, expected);
  return { label, state: "done", words, meta: meta.join(" · "), right, bars };
}

function makeBars(bars) {
  const most = Math.max(...bars.map(([, share]) => share));
  return el(
    "ul",
    { class: "bars", "aria-label": "Probabilities" },
    ...bars.map(([word, share]) => {
      const bar = el("i");
      bar.style.setProperty("--share", share);
      return el(
        "li",
        { class: share === most ? "best" : null },
        el("span", {}, word),
        bar,
        el("b", {}, percent(share)),
      );
    }),
  );
}

export const same = (one, other) => one.trim().toLowerCase() === other.trim().toLowerCase();

const sayConfidence = ({ confidence }) => (confidence === null ? "not checked" : confidence.toFixed(2));

const toDrawn = ({ pixels, target, confidence }, kind) => ({ pixels, label: target, confidence, kind });

/** Lines between two rectangles of which neither is within the other: [x1, y1, x2, y2] each. */
export function joinCorners([left, top, right, bottom], [left2, top2, right2, bottom2]) {
  const isRight = left2 + right2 > left + right, isBelow = top2 + bottom2 > top + bottom;
  return isRight === isBelow
    ? [[right, top, right2, top2], [left, bottom, left2, bottom2]]
    : [[left, top, left2, top2], [right, bottom, right2, bottom2]];
}

export function unite(boxes) {
  return [0, 1, 2, 3].map((edge) => Math[edge < 2 ? "min" : "max"](...boxes.map((box) => box[edge])));
}

function widen([left, top, right, bottom], times) {
  const across = ((right - left) * (times - 1)) / 2 + 1, down = ((bottom - top) * (times - 1)) / 2 + 1;
  return [left - across, top - down, right + across, bottom + down];
}
