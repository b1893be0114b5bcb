// What can be taken away: a picture to share, and all figures as JSON.

import { joinCorners } from "./look.js";

const WIDE = 1600; // pixels of the picture to share
const EDGE = 40;
const FACE = 'system-ui, -apple-system, "Segoe UI", Roboto, sans-serif';
const INK = "#17161c", SOFT = "#6a6775", PAPER = "#ffffff", LINE = "#e4e1ea";
const GOOD = "#14713a", BAD = "#b3202f";

/**
 * One picture of it all: what was asked, where each search looked, what it found and says.
 *
 * `looks` are searches, `verdicts` what each answer's card says, without a search at the end.
 */
export function drawCard({ question, model, looks, verdicts }) {
  const room = (WIDE - EDGE * (looks.length + 1)) / looks.length;
  const pictures = looks.map((look) => look.viewer.toCanvas({ scale: room / look.size.width }));
  const tall = Math.min(Math.max(...pictures.map(({ height, width }) => (height * room) / width)), 1300);
  const top = 128, foot = 196;
  const canvas = document.createElement("canvas");
  canvas.width = WIDE;
  canvas.height = Math.round(top + tall + foot);
  const context = canvas.getContext("2d");
  context.fillStyle = PAPER;
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.textBaseline = "alphabetic";
  write(context, question, EDGE, 78, { size: 42, weight: 650, room: WIDE - 2 * EDGE });
  looks.forEach((look, at) => {
    const left = EDGE + at * (room + EDGE);
    drawLook(context, look, pictures[at], [left, top, room, tall]);
  });
  const share = (WIDE - 2 * EDGE) / verdicts.length;
  verdicts.forEach((verdict, at) =>
    drawVerdict(context, verdict, EDGE + at * share, top + tall + 56, share - 24),
  );
  context.fillStyle = LINE;
  context.fillRect(EDGE, canvas.height - 52, WIDE - 2 * EDGE, 1);
  write(context, `visualcrop lens · ${model}`, EDGE, canvas.height - 20, { size: 20, color: SOFT });
  return canvas;
}

function drawLook(context, look, picture, [left, top, room, tall]) {
  const scale = Math.min(room / picture.width, tall / picture.height);
  const width = picture.width * scale, height = picture.height * scale;
  const x = left + (room - width) / 2, y = top + (tall - height) / 2;
  context.imageSmoothingQuality = "high";
  context.drawImage(picture, x, y, width, height);
  const crop = document.createElement("canvas");
  const side = Math.round(Math.min(width, height) * 0.42);
  const box = look.drawNear(crop, side);
  if (!box) return;
  const pixels = width / look.size.width;
  const [l, t, r, b] = box.map((edge, at) => edge * pixels + (at % 2 ? y : x));
  if (r - l > crop.width * 0.9) return;
  const isRight = (l + r) / 2 < x + width / 2, isLow = (t + b) / 2 < y + height / 2;
  const cx = isRight ? x + width - crop.width - 20 : x + 20;
  const cy = isLow ? y + height - crop.height - 20 : y + 20;
  context.strokeStyle = "rgb(255 255 255 / 0.9)";
  context.lineWidth = 2;
  const pairs = joinCorners([l, t, r, b], [cx, cy, cx + crop.width, cy + crop.height]);
  for (const [x1, y1, x2, y2] of pairs) {
    context.beginPath();
    context.moveTo(x1, y1);
    context.lineTo(x2, y2);
    context.stroke();
  }
  context.fillStyle = "#fff";
  context.fillRect(cx - 5, cy - 5, crop.width + 10, crop.height + 10);
  context.drawImage(crop, cx, cy);
}

function drawVerdict(context, { label, words, meta, right }, left, top, room) {
  write(context, label, left, top, { size: 20, color: SOFT, room });
  const color = right === null ? INK : right ? GOOD : BAD;
  const mark = right === null ? "" : right ? " ✓" : " ✗";
  write(context, words + mark, left, top + 44, { size: 40, weight: 700, color, room });
  write(context, meta, left, top + 76, { size: 19, color: SOFT, room });
}

function write(context, text, x, y, { size, weight = 400, color = INK, room = Infinity }) {
  context.font = `${weight} ${size}px ${FACE}`;
  context.fillStyle = color;
  let shown = text;
  while (shown.length > 1 && context.measureText(shown).width > room) shown = `${shown.slice(0, -2).trimEnd()}…`;
  context.fillText(shown, x, y);
}

/** All that was asked and answered, as it can be read by a program. */
export function toJson(look) {
  return JSON.stringify({ format: "visualcrop-lens", version: 1, ...look }, null, 2);
}

/** A file's name for it, out of the question. */
export function fileName(question, ending) {
  const words = question.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, "-").replace(/^-|-$/g, "");
  return `${words.slice(0, 60) || "lens"}.${ending}`;
}
