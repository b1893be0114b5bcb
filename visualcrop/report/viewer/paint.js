// Draws a scene on a canvas: the picture, the map, boxes, and their labels.
//
// A scene is {picture: Pyramid, details, map, mapOpacity, cells, boxes, layers, highlight} with all
// places in pixels of the picture; a view is {x, y, scale, width, height, ratio}: the place in the
// picture of the upper left corner, CSS pixels for each of its pixels, the canvas's size in CSS
// pixels, and screen pixels for each of those.

import { drawCells, drawSmooth } from "./map.js";
import { placeLabels } from "./labels.js";

const PIXELATED = 3; // times enlarged, from which pixels are seen as squares
const MOST_BOXES = 2000;
const AREA = 20_000; // square CSS pixels of the view for each label that is drawn, at least
const FEWEST_LABELS = 4;
const SMALL = 70; // CSS pixels of a box that a label would hide
const FONT = '600 12px "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif';
const DARK = "#14161c";
const KINDS = {
  // Each kind has a line of its own, for those who cannot tell the colours apart.
  tried: { line: 1.25, colour: "#ffffff", ink: "#ffffff", fill: "rgba(20, 22, 28, .78)", order: 0 },
  truth: { line: 2, colour: "#5eead4", ink: "#0b2b27", fill: "#5eead4", dash: [5, 4], order: 1 },
  chosen: { line: 2, colour: "#ffc53d", ink: "#2b1d00", fill: "#ffc53d", corners: true, order: 2 },
};

/** A box's kind: of an unknown one, "tried". */
export function kindOf(box) {
  return Object.hasOwn(KINDS, box.kind) ? box.kind : "tried";
}

/** The words at a box: its label and its confidence. */
export function labelOf(box) {
  const known = typeof box.confidence === "number" && Number.isFinite(box.confidence);
  const sure = known ? box.confidence.toFixed(2).replace("-", "\u2212") : "";
  return [kindOf(box) === "chosen" ? "\u2713" : "", box.label ?? "", sure].filter(Boolean).join(" ");
}

/** Paint everything; returns {draws, labels}. */
export function paint(context, scene, view) {
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.clearRect(0, 0, context.canvas.width, context.canvas.height);
  context.setTransform(view.ratio, 0, 0, view.ratio, 0, 0);
  const draws = paintPicture(context, scene, view) + paintMap(context, scene, view);
  const labels = scene.layers.boxes ? paintBoxes(context, scene, view) : [];
  return { draws, labels };
}

function paintPicture(context, scene, view) {
  const { picture, width, height } = scene;
  const part = visiblePart([0, 0, width, height], view);
  if (picture === null || part === null) return 0;
  const own = picture.width / width; // of the picture's pixels to the original's
  const density = (view.scale * view.ratio) / own;
  context.imageSmoothingQuality = "high";
  context.imageSmoothingEnabled = own < 1 || view.scale < PIXELATED; // squares are true pixels
  let draws = picture.draw(context, multiply(part, own), placeOf(part, view), density);
  context.imageSmoothingEnabled = view.scale < PIXELATED;
  for (const { box, picture: detail } of scene.details) {
    const seen = visiblePart(box, view);
    if (seen === null || density <= 1) continue;
    const across = detail.width / (box[2] - box[0]);
    const down = detail.height / (box[3] - box[1]);
    const cut = [(seen[0] - box[0]) * across, (seen[1] - box[1]) * down];
    const size = [(seen[2] - seen[0]) * across, (seen[3] - seen[1]) * down];
    context.drawImage(detail, ...cut, ...size, ...placeOf(seen, view));
    draws++;
  }
  return draws;
}

function paintMap(context, scene, view) {
  const { map } = scene;
  if (map === null || !scene.layers.map) return 0;
  const opacity = scene.mapOpacity * scene.fade * recede(map, view);
  const part = visiblePart(map.box, view);
  if (part === null || opacity === 0) return 0;
  const layer = scene.cells ? (map.drawnCells ??= drawCells(map)) : (map.smooth ??= drawSmooth(map));
  const [left, top, right, bottom] = map.box;
  context.save();
  context.beginPath();
  context.rect(...placeOf(part, view));
  context.clip();
  context.globalAlpha = opacity;
  context.imageSmoothingEnabled = !scene.cells;
  if (scene.cells && (map.xs || map.ys)) paintUnevenCells(context, map, layer, view);
  else context.drawImage(layer, ...placeOf([left, top, right, bottom], view));
  context.restore();
  return 1;
}

/** A map says nothing about what is smaller than its cells: there it gives way to the picture. */
function recede({ box, rows, columns }, view) {
  const cell = Math.min((box[2] - box[0]) / columns, (box[3] - box[1]) / rows) * view.scale;
  return Math.min(1, Math.max(0.15, Math.min(view.width, view.height) / (2 * cell)));
}

/** Cells of different sizes: one strip of the layer for each row and column. */
function paintUnevenCells(context, map, layer, view) {
  const xs = map.xs ?? evenly(map.box[0], map.box[2], map.columns);
  const ys = map.ys ?? evenly(map.box[1], map.box[3], map.rows);
  for (let row = 0; row < map.rows; row++) {
    for (let column = 0; column < map.columns; column++) {
      const cell = [xs[column], ys[row], xs[column + 1], ys[row + 1]];
      context.drawImage(layer, column, row, 1, 1, ...placeOf(cell, view));
    }
  }
}

function evenly(start, stop, count) {
  return Array.from({ length: count + 1 }, (_, i) => start + (i * (stop - start)) / count);
}

function paintBoxes(context, scene, view) {
  const boxes = scene.boxes
    .slice(0, MOST_BOXES)
    .map((box, index) => ({ ...box, index, kind: kindOf(box), place: onScreen(box.pixels, view) }))
    .filter(({ kind }) => scene.layers[kind] !== false);
  const byOrder = boxes.toSorted((a, b) => KINDS[a.kind].order - KINDS[b.kind].order);
  for (const box of byOrder) paintBox(context, box, box.index === scene.highlight);
  return scene.layers.labels === false ? [] : paintLabels(context, scene, boxes, view);
}

function paintBox(context, box, isHighlighted) {
  const { line, colour, dash, corners } = KINDS[box.kind];
  const [left, top, right, bottom] = box.place;
  const width = Math.max(right - left, 2);
  const height = Math.max(bottom - top, 2);
  const thick = line + (isHighlighted ? 1.5 : 0);
  context.lineJoin = "round";
  context.setLineDash([]);
  stroke(context, "rgba(10, 11, 15, .6)", thick + 2, () => context.rect(left, top, width, height));
  context.setLineDash(dash ?? []);
  stroke(context, colour, thick, () => context.rect(left, top, width, height));
  context.setLineDash([]);
  if (corners) paintCorners(context, [left, top, left + width, top + height], thick, colour);
}

/** Corners as of a camera's finder. */
function paintCorners(context, [left, top, right, bottom], thick, colour) {
  const arm = Math.min(22, 0.34 * Math.min(right - left, bottom - top));
  const ends = [
    [left, top, 1, 1],
    [right, top, -1, 1],
    [right, bottom, -1, -1],
    [left, bottom, 1, -1],
  ];
  for (const [x, y, alongX, alongY] of ends) {
    const path = () => {
      context.moveTo(x + alongX * arm, y);
      context.lineTo(x, y);
      context.lineTo(x, y + alongY * arm);
    };
    stroke(context, "rgba(10, 11, 15, .6)", thick + 5, path);
    stroke(context, colour, thick + 3, path);
  }
}

function stroke(context, colour, width, path) {
  context.strokeStyle = colour;
  context.lineWidth = width;
  context.beginPath();
  path();
  context.stroke();
}

function paintLabels(context, scene, boxes, view) {
  context.font = FONT;
  context.textBaseline = "middle";
  const frame = onScreen([0, 0, scene.width, scene.height], view);
  const bounds = [
    Math.max(frame[0], 0) + 1,
    Math.max(frame[1], 0) + 1,
    Math.min(frame[2], view.width) - 1,
    Math.min(frame[3], view.height) - 1,
  ];
  const rank = (box) => 4 * (box.index === scene.highlight) + KINDS[box.kind].order;
  const items = boxes
    .map((box) => ({ box: box.place, text: labelOf(box), kind: box.kind, rank: rank(box), of: box }))
    .filter(({ text, box }) => text && hasEdge(box, view))
    .toSorted((a, b) => b.rank - a.rank || (b.of.confidence ?? -2) - (a.of.confidence ?? -2))
    .slice(0, Math.max(FEWEST_LABELS, Math.floor((view.width * view.height) / AREA)))
    .map((item) => ({ ...item, text: shorten(context, item.text, 0.6 * view.width), height: 20 }))
    .map((item) => ({ ...item, width: Math.ceil(context.measureText(item.text).width) + 12 }));
  const small = ([left, top, right, bottom]) => Math.max(right - left, bottom - top) < SMALL;
  const clear = boxes.map(({ place }) => place).filter(small);
  const places = placeLabels(items, bounds, clear);
  const placed = [];
  for (const [i, place] of places.entries()) {
    if (place === null) continue;
    const { text, kind, of } = items[i];
    context.fillStyle = KINDS[kind].fill;
    context.beginPath();
    context.roundRect(place.x, place.y, place.width, place.height, 4);
    context.fill();
    context.fillStyle = KINDS[kind].ink;
    context.fillText(text, place.x + 6, place.y + place.height / 2 + 0.5);
    placed.push({ ...place, text, kind, index: of.index });
  }
  return placed;
}

/** Whether a part of the box's outline is seen: around all that is seen, it needs no label. */
function hasEdge([left, top, right, bottom], { width, height }) {
  return left > 0 || top > 0 || right < width || bottom < height;
}

function shorten(context, text, width) {
  let shown = text.slice(0, 80);
  while (shown.length > 1 && context.measureText(shown).width > width) shown = shown.slice(0, -1);
  return shown === text ? text : `${shown.trimEnd()}\u2026`;
}

/** What of a rectangle of the picture lies inside the view, or null. */
function visiblePart([left, top, right, bottom], view) {
  const part = [
    Math.max(left, view.x),
    Math.max(top, view.y),
    Math.min(right, view.x + view.width / view.scale),
    Math.min(bottom, view.y + view.height / view.scale),
  ];
  return part[2] > part[0] && part[3] > part[1] ? part : null;
}

/** A rectangle of the picture on the canvas: [left, top, right, bottom] in CSS pixels. */
export function onScreen([left, top, right, bottom], { x, y, scale }) {
  return [(left - x) * scale, (top - y) * scale, (right - x) * scale, (bottom - y) * scale];
}

/** The same as [x, y, width, height]. */
function placeOf(rectangle, view) {
  const [left, top, right, bottom] = onScreen(rectangle, view);
  return [left, top, right - left, bottom - top];
}

function multiply(rectangle, factor) {
  return rectangle.map((edge) => edge * factor);
}
