// A picture to look into: its relevance map, boxes with their confidences, and zoom to the pixel.
//
//   const viewer = new Viewer(element, {label: "A desk from above"});
//   await viewer.setPicture("desk.jpg", {width: 8192, height: 5464});
//   viewer.setMap({box: [0, 0, 8192, 5464], rows: 24, columns: 36, scores: [...]}, {fade: true});
//   viewer.setBoxes([{pixels: [10, 20, 300, 200], label: "mug", confidence: 0.9, kind: "chosen"}]);
//   viewer.zoomTo([10, 20, 300, 200]);
//
// Places are pixels of the original picture: [left, top, right, bottom].

import { isMap } from "./map.js";
import { kindOf, labelOf, onScreen, paint } from "./paint.js";
import { Pyramid } from "./pyramid.js";
import { listen } from "./gestures.js";

const LARGEST = 64; // CSS pixels for one of the picture
const FADE = 900; // milliseconds until a map is there
const FLIGHT = 650; // of a zoom
const MARGIN = 0.08; // of the view, around what is zoomed to
const CANVAS = 4096; // most pixels on the longer side of a picture to take away
const WORDS = { tried: "looked at", chosen: "chosen", truth: "truth" };
let made = 0;

export class Viewer extends EventTarget {
  #element;
  #canvas = document.createElement("canvas");
  #list = document.createElement("ul");
  #ending = new AbortController();
  #observer;
  #scene = {
    picture: null,
    width: 1,
    height: 1,
    details: [],
    map: null,
    mapOpacity: 1,
    fade: 1,
    cells: false,
    boxes: [],
    layers: { map: true, boxes: true },
    highlight: null,
  };
  #view = { x: 0, y: 0, scale: 1, width: 1, height: 1, ratio: 1 };
  #isFitted = true;
  #frame = 0; // the next frame's number; 0: none is needed
  #fading = null; // {start} of the map
  #flight = null; // {start, from, to}
  #waiting = []; // to be told when nothing moves or loads any more
  #labels = [];
  #stats = { frames: 0, draws: 0 };
  #picture = 0; // counts pictures: one that was overtaken while it loaded is not shown

  /** `element` is filled; `label` says what the picture shows, for who cannot see it. */
  constructor(element, { label = "", controls = true } = {}) {
    super();
    this.#element = element;
    element.classList.add("viewer");
    this.#list.className = "viewer-list";
    this.#list.id = `viewer-list-${++made}`;
    const canvas = this.#canvas;
    canvas.className = "viewer-canvas";
    canvas.tabIndex = 0;
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", label);
    canvas.setAttribute("aria-describedby", this.#list.id);
    canvas.setAttribute("aria-keyshortcuts", "+ - 0 ArrowLeft ArrowRight ArrowUp ArrowDown");
    element.append(canvas, this.#list);
    if (controls) element.append(this.#makeControls());
    listen(canvas, this.#gestures(), this.#ending.signal);
    this.#observer = new ResizeObserver(() => this.#resize());
    this.#observer.observe(element);
    this.#watchRatio();
    this.#resize();
  }

  /**
   * Show a picture, from a URL or an ImageBitmap; what was drawn on the last one goes.
   *
   * `width` and `height` are the original's, of which the picture may be a reduced copy.
   */
  async setPicture(source, { width, height } = {}) {
    const number = ++this.#picture;
    const loaded = typeof source === "string" ? await load(source) : source;
    const picture = new Pyramid(loaded, () => this.#invalidate());
    await picture.open();
    if (number !== this.#picture || this.#ending.signal.aborted) {
      picture.close();
      return;
    }
    this.#scene.picture?.close();
    const size = { width: width ?? picture.width, height: height ?? picture.height };
    Object.assign(this.#scene, { picture, ...size, details: [], map: null, boxes: [] });
    this.#element.style.setProperty("--viewer-aspect", `${size.width} / ${size.height}`);
    this.#describe();
    this.#resize();
    this.fit();
  }

  /** Parts of the picture in more detail than it has: [{box, source}], shown when zoomed into. */
  async setDetails(details) {
    const number = this.#picture;
    const loaded = await Promise.all(
      details.map(async ({ box, source }) => {
        const picture = typeof source === "string" ? await load(source) : source;
        return { box, picture };
      }),
    );
    if (number !== this.#picture) return;
    this.#scene.details = loaded;
    this.#invalidate();
  }

  /** Draw {box, rows, columns, scores} over the picture; null takes it away. */
  setMap(map, { fade = true } = {}) {
    if (map !== null && !isMap(map)) {
      throw new TypeError("The map is not {box, rows, columns, scores} with finite scores.");
    }
    this.#scene.map = map === null ? null : { ...map };
    this.#fading = fade && map !== null && !isStill() ? { start: null } : null;
    this.#scene.fade = this.#fading ? 0 : 1;
    this.#invalidate();
  }

  /** Draw [{pixels, label, confidence, kind: "tried" | "chosen" | "truth"}] over the picture. */
  setBoxes(boxes) {
    const isBox = ({ pixels }) => pixels?.length === 4 && [...pixels].every(Number.isFinite);
    this.#scene.boxes = boxes.filter(isBox).map((box) => ({ ...box }));
    this.#scene.highlight = null;
    this.#describe();
    this.#invalidate();
  }

  get boxes() {
    return this.#scene.boxes.map((box) => ({ ...box }));
  }

  /** Switches of what is drawn: map and boxes; of the boxes also tried, chosen, truth, labels. */
  get layers() {
    return { ...this.#scene.layers };
  }

  set layers(changed) {
    this.#scene.layers = { ...this.#scene.layers, ...changed };
    this.#invalidate();
  }

  get cells() {
    return this.#scene.cells;
  }

  set cells(isOn) {
    this.#scene.cells = Boolean(isOn);
    this.#invalidate();
  }

  get mapOpacity() {
    return this.#scene.mapOpacity;
  }

  set mapOpacity(share) {
    this.#scene.mapOpacity = clamp(Number(share) || 0, 0, 1);
    this.#invalidate();
  }

  /** Draw the box of this index boldly; null: none. */
  highlight(index) {
    if (index === this.#scene.highlight) return;
    this.#scene.highlight = index;
    this.#invalidate();
  }

  /** The part of the picture that is seen, and CSS pixels for each of its pixels. */
  get view() {
    const { x, y, scale, width, height } = this.#view;
    return { rectangle: [x, y, x + width / scale, y + height / scale], scale };
  }

  /** Labels as they are drawn: [{x, y, width, height, text, kind, index}] in CSS pixels. */
  get labels() {
    return this.#labels.map((label) => ({ ...label }));
  }

  /** How many frames were painted, and how many pictures were drawn for the last one. */
  get stats() {
    return { ...this.#stats };
  }

  get canvas() {
    return this.#canvas;
  }

  /** Bring a part of the picture into view. */
  zoomTo([left, top, right, bottom], { animate = true, margin = MARGIN } = {}) {
    const { width, height } = this.#view;
    const room = 1 - 2 * margin;
    const scale = Math.min(
      (width * room) / Math.max(right - left, 1e-6),
      (height * room) / Math.max(bottom - top, 1e-6),
    );
    this.#go((left + right) / 2, (top + bottom) / 2, scale, animate);
  }

  /** Show the whole picture. */
  fit({ animate = false } = {}) {
    const { width, height } = this.#scene;
    this.#go(width / 2, height / 2, this.#fitted, animate);
  }

  /** Resolves when nothing moves and nothing loads any more. */
  settled() {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      this.#invalidate();
    });
  }

  /** The whole picture with what is drawn on it, `scale` pixels for each of the original's. */
  toCanvas({ scale } = {}) {
    const { width, height } = this.#scene;
    const most = CANVAS / Math.max(width, height);
    const used = Math.min(scale ?? Math.min(1, most), most);
    const canvas = document.createElement("canvas");
    canvas.width = Math.max(1, Math.round(width * used));
    canvas.height = Math.max(1, Math.round(height * used));
    const ratio = Math.max(1, Math.max(canvas.width, canvas.height) / 1200); // lines keep up
    const size = { width: canvas.width / ratio, height: canvas.height / ratio };
    const view = { x: 0, y: 0, scale: used / ratio, ...size, ratio };
    paint(canvas.getContext("2d"), { ...this.#scene, fade: 1, highlight: null }, view);
    return canvas;
  }

  /** Take everything away: listeners, pictures, elements. */
  destroy() {
    this.#ending.abort();
    this.#observer.disconnect();
    cancelAnimationFrame(this.#frame);
    this.#scene.picture?.close();
    this.#scene = { ...this.#scene, picture: null, details: [], map: null, boxes: [] };
    for (const resolve of this.#waiting.splice(0)) resolve();
    this.#element.replaceChildren(
      ...[...this.#element.children].filter((child) => !child.className.startsWith("viewer-")),
    );
    this.#element.classList.remove("viewer", "viewer-zoomed");
    this.#element.style.removeProperty("--viewer-aspect");
  }

  // -- the view

  get #fitted() {
    return Math.min(this.#view.width / this.#scene.width, this.#view.height / this.#scene.height);
  }

  /** Look at (x, y), in the middle; no further out than the whole, and over no edge. */
  #go(x, y, scale, animate = false) {
    const to = this.#limit(x, y, scale);
    this.#isFitted = to.scale <= this.#fitted * 1.0001;
    if (animate && !isStill() && this.#scene.picture) {
      const { width, height, ...from } = this.#view;
      const middle = { x: from.x + width / from.scale / 2, y: from.y + height / from.scale / 2 };
      this.#flight = { start: null, from: { ...middle, scale: from.scale }, to };
    } else {
      this.#flight = null;
      this.#look(to);
    }
    this.#invalidate();
  }

  #limit(x, y, scale) {
    const used = clamp(scale, this.#fitted, Math.max(LARGEST, this.#fitted));
    const along = (at, length, seen) =>
      seen >= length ? length / 2 : clamp(at, seen / 2, length - seen / 2);
    return {
      x: along(x, this.#scene.width, this.#view.width / used),
      y: along(y, this.#scene.height, this.#view.height / used),
      scale: used,
    };
  }

  #look({ x, y, scale }) {
    const view = this.#view;
    view.scale = scale;
    view.x = x - view.width / scale / 2;
    view.y = y - view.height / scale / 2;
    this.#canvas.style.touchAction = this.#isFitted ? "pan-x pan-y" : "none";
    this.#element.classList.toggle("viewer-zoomed", !this.#isFitted);
    this.dispatchEvent(new CustomEvent("viewchange", { detail: this.view }));
  }

  #middle() {
    const { x, y, scale, width, height } = this.#view;
    return [x + width / scale / 2, y + height / scale / 2, scale];
  }

  #gestures() {
    const viewer = this;
    return {
      get isFitted() {
        return viewer.#isFitted;
      },
      zoomAt(factor, x, y) {
        const { scale, width, height } = viewer.#view;
        const used = viewer.#limit(0, 0, scale * factor).scale;
        const at = [viewer.#view.x + x / scale, viewer.#view.y + y / scale];
        viewer.#go(at[0] + (width / 2 - x) / used, at[1] + (height / 2 - y) / used, used);
      },
      stepZoom: (factor) => viewer.#stepZoom(factor),
      panBy(x, y) {
        const [middleX, middleY, scale] = viewer.#middle();
        viewer.#go(middleX + x / scale, middleY + y / scale, scale);
      },
      fit: () => viewer.fit({ animate: true }),
      click(x, y) {
        const index = viewer.#boxAt(x, y);
        if (index === null) return;
        const detail = { index, box: { ...viewer.#scene.boxes[index] } };
        viewer.dispatchEvent(new CustomEvent("boxclick", { detail }));
      },
      hover(x, y) {
        viewer.highlight(x === null ? null : viewer.#boxAt(x, y));
      },
    };
  }

  #stepZoom(factor) {
    const { x, y, scale } = this.#flight?.to ?? {};
    const [middleX, middleY, now] = this.#middle();
    this.#go(x ?? middleX, y ?? middleY, (scale ?? now) * factor, true);
  }

  /** The index of the smallest box under a place of the canvas, or null. */
  #boxAt(x, y) {
    const { boxes, layers } = this.#scene;
    if (!layers.boxes) return null;
    let best = null;
    let least = Infinity;
    for (const [index, box] of boxes.entries()) {
      if (layers[kindOf(box)] === false) continue;
      const [left, top, right, bottom] = onScreen(box.pixels, this.#view);
      const area = (right - left) * (bottom - top);
      const isUnder = x >= left - 4 && x <= right + 4 && y >= top - 4 && y <= bottom + 4;
      if (isUnder && area < least) [best, least] = [index, area];
    }
    return best;
  }

  // -- the canvas

  #resize() {
    const { clientWidth: width, clientHeight: height } = this.#element;
    if (width === 0 || height === 0) return;
    const ratio = window.devicePixelRatio || 1;
    const view = this.#view;
    const [x, y, scale] = this.#middle();
    const isSame = view.width === width && view.height === height && view.ratio === ratio;
    if (isSame && this.#canvas.width === Math.round(width * ratio)) return;
    const grown = width / view.width;
    Object.assign(view, { width, height, ratio });
    this.#canvas.width = Math.round(width * ratio);
    this.#canvas.height = Math.round(height * ratio);
    if (this.#isFitted) this.fit();
    else this.#go(x, y, scale * grown);
    this.#paint(); // at once: a resized canvas is empty
  }

  #watchRatio() {
    const { signal } = this.#ending;
    const media = window.matchMedia(`(resolution: ${window.devicePixelRatio}dppx)`);
    const change = () => {
      this.#resize();
      this.#watchRatio();
    };
    media.addEventListener("change", change, { once: true, signal });
  }

  #invalidate() {
    if (this.#frame || this.#ending.signal.aborted) return;
    this.#frame = requestAnimationFrame((now) => {
      this.#frame = 0;
      this.#advance(now);
      this.#paint();
      if (this.#fading || this.#flight) this.#invalidate();
      else if (!this.#scene.picture?.isLoading) {
        for (const resolve of this.#waiting.splice(0)) resolve();
      }
    });
  }

  #advance(now) {
    if (this.#fading) {
      this.#fading.start ??= now;
      const share = clamp((now - this.#fading.start) / FADE, 0, 1);
      this.#scene.fade = share * share * (3 - 2 * share);
      if (share === 1) this.#fading = null;
    }
    if (this.#flight) {
      const { from, to } = this.#flight;
      this.#flight.start ??= now;
      const share = clamp((now - this.#flight.start) / FLIGHT, 0, 1);
      this.#look(share === 1 ? to : between(from, to, 1 - (1 - share) ** 3));
      if (share === 1) this.#flight = null;
    }
  }

  #paint() {
    const { draws, labels } = paint(this.#canvas.getContext("2d"), this.#scene, this.#view);
    this.#labels = labels;
    this.#stats = { frames: this.#stats.frames + 1, draws };
  }

  // -- elements

  #makeControls() {
    const controls = document.createElement("div");
    controls.className = "viewer-controls";
    const add = (path, name, act) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(drawIcon(path));
      button.title = name;
      button.setAttribute("aria-label", name);
      button.addEventListener("click", act, { signal: this.#ending.signal });
      controls.append(button);
    };
    add("M8 3v10M3 8h10", "Zoom in", () => this.#stepZoom(1.6));
    add("M3 8h10", "Zoom out", () => this.#stepZoom(1 / 1.6));
    const corners = "M3 6V3h3M10 3h3v3M13 10v3h-3M6 13H3v-3";
    add(corners, "Show the whole picture", () => this.fit({ animate: true }));
    return controls;
  }

  /** The boxes as a list, for who cannot see them. */
  #describe() {
    this.#list.replaceChildren(
      ...this.#scene.boxes.slice(0, 200).map((box) => {
        const item = document.createElement("li");
        const place = box.pixels.map((edge) => Math.round(edge)).join(", ");
        const words = labelOf({ ...box, kind: "tried" });
        item.textContent = `${WORDS[kindOf(box)]}: ${words ? `${words}, ` : ""}pixels ${place}`;
        return item;
      }),
    );
  }
}

/** Whether the reader wants nothing to move. */
function isStill() {
  return window.matchMedia("(prefers-reduced-motion: reduce)").matches;
}

function drawIcon(path) {
  const space = "http://www.w3.org/2000/svg";
  const icon = document.createElementNS(space, "svg");
  const line = document.createElementNS(space, "path");
  icon.setAttribute("viewBox", "0 0 16 16");
  icon.setAttribute("aria-hidden", "true");
  line.setAttribute("d", path);
  icon.append(line);
  return icon;
}

async function load(url) {
  const picture = new Image();
  picture.src = url;
  try {
    await picture.decode();
  } catch {
    throw new Error("The picture cannot be read; give a PNG, JPEG, WebP or GIF.");
  }
  return picture;
}

/** On the way from one view to another: it zooms about one place, if there is one. */
function between(from, to, share) {
  const factor = to.scale / from.scale;
  const scale = from.scale * factor ** share;
  const way = Math.abs(factor - 1) < 1e-3 ? share : (1 - from.scale / scale) / (1 - 1 / factor);
  return { x: from.x + (to.x - from.x) * way, y: from.y + (to.y - from.y) * way, scale };
}

function clamp(value, least, most) {
  return Math.min(Math.max(value, least), most);
}
