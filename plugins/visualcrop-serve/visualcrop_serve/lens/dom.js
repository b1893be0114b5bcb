// Elements, icons, and the line that screen readers hear.

const SVG = "http://www.w3.org/2000/svg";
const ICONS = {
  picture: "M4 5h16v14H4zM4 16l5-5 4 4 3-3 4 4M15.5 9.5h.01",
  compare: "M12 4v16M4 6h5v12H4zM15 6h5v12h-5z",
  history: "M4 12a8 8 0 1 0 2.6-5.9M4 4v4h4M12 8v4l3 2",
  help: "M9.5 9a2.5 2.5 0 1 1 3.6 2.3c-.8.4-1.1.9-1.1 1.7M12 17h.01M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18z",
  plus: "M12 5v14M5 12h14",
  minus: "M5 12h14",
  fit: "M4 9V4h5M20 9V4h-5M4 15v5h5M20 15v5h-5",
  target: "M12 3v4M12 17v4M3 12h4M17 12h4M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8z",
  map: "M12 12h.01M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16z",
  boxes: "M4 4h9v9H4zM15 15h5v5h-5z",
  link: "M10 14a4 4 0 0 0 5.7 0l3-3A4 4 0 0 0 13 5.300l-1 1M14 10a4 4 0 0 0-5.700 0l-3 3A4 4 0 0 0 11 18.700l1-1",
  save: "M12 4v11M7.500 10.500 12 15l4.500-4.500M5 20h14",
  close: "M6 6l12 12M18 6 6 18",
}

export const find = (id) => document.getElementById(id);

/** An element: `el("p", { class: "quiet", onclick }, "text", child)`. */
export function el(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (name === "value" || name === "checked" || name === "disabled") made[name] = value;
    else made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

/** A drawing of the name, in the colour of the text around it. */
export function icon(name) {
  const drawn = document.createElementNS(SVG, "svg");
  const attributes = { viewBox: "0 0 24 24", class: "icon", "aria-hidden": "true" };
  for (const [key, value] of Object.entries(attributes))
    drawn.setAttribute(key, value);
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", ICONS[name]);
  drawn.append(path);
  return drawn;
}

/** Put the icons into the buttons of the page that name one. */
export function drawIcons() {
  for (const button of document.querySelectorAll("[data-icon]")) {
    const words = button.textContent.trim();
    button.replaceChildren(icon(button.dataset.icon), ...(words ? [el("span", {}, words)] : []));
  }
}

/** Say it to those who do not see the page. */
export function announce(words) {
  const live = find("live");
  if (live.textContent !== words) live.textContent = words;
}

export const isStill = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

/** A probability as people say it. */
export const percent = (share) => `${Math.round(100 * share)} %`;

export const plural = (count, one, many = `${one}s`) => `${count.toLocaleString("en")} ${count === 1 ? one : many}`;

/** Have the browser save *blob* as a file. */
export function save(blob, name) {
  const url = URL.createObjectURL(blob);
  const anchor = el("a", { href: url, download: name });
  document.body.append(anchor);
  anchor.click();
  anchor.remove();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
