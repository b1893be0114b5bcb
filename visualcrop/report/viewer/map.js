// Colours of relevance maps: a map's scores become a layer of pixels, smooth or cell by cell.
// The ramp, its range and the interpolation are those of visualcrop/drawing.py.

const STOPS = [
  [122, 30, 70],
  [180, 44, 66],
  [228, 88, 50],
  [251, 155, 52],
  [255, 228, 140],
];
const OPACITY = 0.7; // of the highest scores
const CLEAR = 0.2; // share of the range up to which nothing is seen
const PERCENTILES = [50, 99.8]; // lowest and highest colour
const SIDE = 512; // most pixels on the longer side of a smooth layer
const PER_CELL = 16; // and of one cell: more are left to the canvas

/** RGBA for strengths 0, 1/255, ... 1. */
export const RAMP = makeRamp();

function makeRamp() {
  const ramp = new Uint8ClampedArray(4 * 256);
  for (let i = 0; i < 256; i++) {
    const strength = i / 255;
    const at = strength * (STOPS.length - 1);
    const lower = Math.min(Math.floor(at), STOPS.length - 2);
    for (let c = 0; c < 3; c++) {
      ramp[4 * i + c] = STOPS[lower][c] + (at - lower) * (STOPS[lower + 1][c] - STOPS[lower][c]);
    }
    const rise = Math.min(Math.max((strength - CLEAR) / (1 - CLEAR), 0), 1);
    ramp[4 * i + 3] = 255 * OPACITY * rise * rise * (3 - 2 * rise);
  }
  return ramp;
}

/** The scores of the lowest and of the highest colour. */
export function colourRange(scores) {
  const sorted = Float64Array.from(scores).sort();
  const [low, high] = PERCENTILES.map((percent) => {
    const at = (percent / 100) * (sorted.length - 1);
    const lower = Math.floor(at);
    const upper = Math.min(lower + 1, sorted.length - 1);
    return sorted[lower] + (at - lower) * (sorted[upper] - sorted[lower]);
  });
  return [low, Math.max(high, low + 1e-12)];
}

/** Whether this is a map that can be drawn: what a server says is not taken on trust. */
export function isMap(map) {
  return (
    Number.isInteger(map?.rows) &&
    Number.isInteger(map.columns) &&
    map.rows > 0 &&
    map.columns > 0 &&
    map.scores?.length === map.rows * map.columns &&
    map.scores.every(Number.isFinite) &&
    map.box?.length === 4 &&
    map.box.every(Number.isFinite) &&
    map.box[2] > map.box[0] &&
    map.box[3] > map.box[1]
  );
}

/** A canvas with one pixel a cell. */
export function drawCells(map) {
  const [low, high] = colourRange(map.scores);
  return toCanvas(map.scores, map.columns, map.rows, low, high);
}

/** A canvas with the map between its cells' centres interpolated by cubic curves. */
export function drawSmooth(map) {
  const [low, high] = colourRange(map.scores);
  const perCell = Math.max(1, Math.min(PER_CELL, SIDE / Math.max(map.rows, map.columns)));
  const width = Math.round(map.columns * perCell);
  const height = Math.round(map.rows * perCell);
  const across = weigh(width, map.columns, edgesOf(map.xs, map.columns, map.box[0], map.box[2]));
  const down = weigh(height, map.rows, edgesOf(map.ys, map.rows, map.box[1], map.box[3]));
  const rows = new Float32Array(map.rows * width);
  for (let row = 0; row < map.rows; row++) {
    for (let x = 0; x < width; x++) {
      let sum = 0;
      for (const [cell, weight] of across[x]) sum += weight * map.scores[row * map.columns + cell];
      rows[row * width + x] = sum;
    }
  }
  const smooth = new Float32Array(height * width);
  for (let y = 0; y < height; y++) {
    for (const [cell, weight] of down[y]) {
      for (let x = 0; x < width; x++) smooth[y * width + x] += weight * rows[cell * width + x];
    }
  }
  return toCanvas(smooth, width, height, low, high);
}

/** Edges of the cells: as given, or even. */
function edgesOf(given, count, start, stop) {
  if (given?.length === count + 1 && given.every(Number.isFinite)) return given;
  return Array.from({ length: count + 1 }, (_, i) => start + (i * (stop - start)) / count);
}

/** For each of `size` pixels the cells that it lies between, with their weights. */
function weigh(size, count, edges) {
  const centres = Array.from({ length: count }, (_, i) => (edges[i] + edges[i + 1]) / 2);
  const length = (edges[count] - edges[0]) / size;
  let cell = 0;
  return Array.from({ length: size }, (_, pixel) => {
    const at = edges[0] + (pixel + 0.5) * length;
    while (cell < count - 2 && at > centres[cell + 1]) cell++;
    const gap = count > 1 ? centres[cell + 1] - centres[cell] : 1;
    const place = Math.min(Math.max(cell + (at - centres[cell]) / gap, 0), count - 1);
    const first = Math.floor(place) - 1;
    const taps = [];
    let total = 0;
    for (let near = Math.max(first, 0); near <= Math.min(first + 3, count - 1); near++) {
      const weight = catmullRom(Math.abs(place - near));
      taps.push([near, weight]);
      total += weight;
    }
    return taps.map(([near, weight]) => [near, weight / total]);
  });
}

function catmullRom(distance) {
  if (distance < 1) return 1.5 * distance ** 3 - 2.5 * distance ** 2 + 1;
  if (distance < 2) return -0.5 * distance ** 3 + 2.5 * distance ** 2 - 4 * distance + 2;
  return 0;
}

function toCanvas(scores, width, height, low, high) {
  const pixels = new ImageData(width, height);
  for (let i = 0; i < scores.length; i++) {
    const strength = Math.min(Math.max((scores[i] - low) / (high - low), 0), 1);
    const colour = 4 * Math.round(255 * strength);
    for (let c = 0; c < 4; c++) pixels.data[4 * i + c] = RAMP[colour + c];
  }
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  canvas.getContext("2d").putImageData(pixels, 0, 0);
  return canvas;
}
