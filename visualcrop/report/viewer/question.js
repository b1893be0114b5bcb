// Makes the pages of questions alive: viewers in place of their pictures, which stay for paper and
// for who has no scripts.

import { Viewer } from "./viewer.js";

const SPACE = "http://www.w3.org/2000/svg";
const BEAMS = 2; // more would cross one another

document.documentElement.classList.add("js");
for (const look of document.querySelectorAll(".look")) start(look);

async function start(look) {
  const data = JSON.parse(look.querySelector(".data").textContent);
  const scene = look.querySelector(".scene");
  const place = document.createElement("div");
  place.style.setProperty("--viewer-aspect", `${data.width} / ${data.height}`);
  scene.after(place);
  const viewer = new Viewer(place, { label: scene.getAttribute("aria-label") });
  const urlOf = (id) => document.getElementById(id).getAttribute("href");
  await viewer.setPicture(urlOf(data.picture), { width: data.width, height: data.height });
  viewer.setBoxes(data.boxes);
  viewer.setDetails(data.details.map(({ box, picture }) => ({ box, source: urlOf(picture) })));
  connectSwitches(look, viewer);
  connectStrip(look, viewer);
  const hero = look.closest(".hero");
  const crops = [...(hero?.querySelectorAll(".crop:has(.part)") ?? [])];
  const pairs = crops.map((crop, index) => [crop, data.crops[index]]);
  for (const [crop, box] of pairs.slice(0, BEAMS)) drawBeam(hero, crop, viewer, box);
  whenSeen(place, () => {
    if (data.map) viewer.setMap(data.map);
    for (const [crop, box] of pairs) grow(crop, viewer, box);
    look.dataset.ready = "";
  });
}

function connectSwitches(look, viewer) {
  const connect = (name, set) => {
    const input = look.querySelector(`.${name}`);
    input?.addEventListener("change", () => set(input.checked));
    if (input) set(input.checked); // a browser may remember it
  };
  connect("map-on", (isOn) => (viewer.layers = { map: isOn }));
  connect("boxes-on", (isOn) => (viewer.layers = { boxes: isOn }));
  connect("cells-on", (isOn) => (viewer.cells = isOn));
}

/** The small pictures under a look lead to their boxes, and back. */
function connectStrip(look, viewer) {
  const items = [...look.parentElement.querySelectorAll(":scope > .saw > .strip > li")];
  for (const [index, item] of items.entries()) {
    const show = () => {
      viewer.zoomTo(viewer.boxes[index].pixels, { margin: 0.16 });
      viewer.canvas.scrollIntoView({ block: "nearest" });
    };
    item.tabIndex = 0;
    item.setAttribute("role", "button");
    item.addEventListener("click", show);
    item.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      show();
    });
    item.addEventListener("pointerenter", () => viewer.highlight(index));
    item.addEventListener("pointerleave", () => viewer.highlight(null));
    item.addEventListener("focus", () => viewer.highlight(index));
    item.addEventListener("blur", () => viewer.highlight(null));
  }
  viewer.addEventListener("boxclick", ({ detail }) => {
    viewer.zoomTo(detail.box.pixels, { margin: 0.16 });
  });
}

/** Light from the chosen box to the crop beside it, wherever both are. */
function drawBeam(hero, crop, viewer, box) {
  const beam = document.createElementNS(SPACE, "svg");
  const path = document.createElementNS(SPACE, "path");
  beam.classList.add("beam");
  beam.setAttribute("aria-hidden", "true");
  beam.append(path);
  hero.append(beam);
  const draw = () => {
    const frame = hero.getBoundingClientRect();
    const to = crop.getBoundingClientRect();
    const from = placeOf(viewer, box);
    const inside = viewer.canvas.getBoundingClientRect();
    const clipped = {
      left: Math.max(from.left, inside.left),
      top: Math.max(from.top, inside.top),
      right: Math.min(from.right, inside.right),
      bottom: Math.min(from.bottom, inside.bottom),
    };
    const isSeen = clipped.right > clipped.left && clipped.bottom > clipped.top;
    const isBeside = to.left >= inside.right;
    const corners = isBeside
      ? [
          [clipped.right, clipped.top],
          [to.left, to.top],
          [to.left, to.bottom],
          [clipped.right, clipped.bottom],
        ]
      : [
          [clipped.left, clipped.bottom],
          [to.left, to.top],
          [to.right, to.top],
          [clipped.right, clipped.bottom],
        ];
    const points = corners.map(([x, y]) => `${x - frame.left},${y - frame.top}`);
    path.setAttribute("d", isSeen ? `M${points.join("L")}Z` : "");
  };
  viewer.addEventListener("viewchange", draw);
  const sizes = new ResizeObserver(draw);
  for (const element of [hero, crop, viewer.canvas]) sizes.observe(element);
  draw();
}

/** The crop comes from its box. */
function grow(crop, viewer, box) {
  if (matchMedia("(prefers-reduced-motion: reduce)").matches) return;
  const from = placeOf(viewer, box);
  const to = crop.getBoundingClientRect();
  const move = `translate(${from.left - to.left}px, ${from.top - to.top}px)`;
  const shrink = `scale(${(from.right - from.left) / to.width}, ${(from.bottom - from.top) / to.height})`;
  crop.style.transformOrigin = "0 0";
  crop.animate(
    [
      { transform: `${move} ${shrink}`, opacity: 0.2 },
      { transform: "none", opacity: 1 },
    ],
    { duration: 1000, easing: "cubic-bezier(.2, .8, .2, 1)" },
  );
}

/** A box of the picture in the window. */
function placeOf(viewer, [left, top, right, bottom]) {
  const canvas = viewer.canvas.getBoundingClientRect();
  const { rectangle, scale } = viewer.view;
  return {
    left: canvas.left + (left - rectangle[0]) * scale,
    top: canvas.top + (top - rectangle[1]) * scale,
    right: canvas.left + (right - rectangle[0]) * scale,
    bottom: canvas.top + (bottom - rectangle[1]) * scale,
  };
}

/** Once, when enough of an element has come into the window. */
function whenSeen(element, act) {
  const observer = new IntersectionObserver(
    (entries) => {
      if (!entries.some(({ isIntersecting }) => isIntersecting)) return;
      observer.disconnect();
      act();
    },
    { threshold: 0.2 },
  );
  observer.observe(element);
}
