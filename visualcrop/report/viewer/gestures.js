// What the mouse, fingers and keys do to a view. Listeners end with `signal`.

const STEP = 1.25; // of one zoom by key
const PAN = 0.15; // of the view, by one arrow
const STILL = 5; // pixels that a click may move

/**
 * `target` has zoomAt(factor, x, y), panBy(x, y), fit(), isFitted, click(x, y), hover(x, y | null),
 * stepZoom(factor), all in CSS pixels of the canvas. The wheel zooms once the canvas has the focus,
 * or with Ctrl: otherwise it scrolls the page, as people expect.
 */
export function listen(canvas, target, signal) {
  const pointers = new Map();
  let moved = 0;

  const placeOf = (event) => {
    const frame = canvas.getBoundingClientRect();
    return [event.clientX - frame.left, event.clientY - frame.top];
  };
  const on = (type, handle, options = {}) =>
    canvas.addEventListener(type, handle, { signal, ...options });

  on("pointerdown", (event) => {
    if (event.pointerType === "mouse" && event.button !== 0) return;
    if (pointers.size === 0) moved = 0;
    pointers.set(event.pointerId, placeOf(event));
    canvas.setPointerCapture(event.pointerId);
  });
  on("pointermove", (event) => {
    const before = pointers.get(event.pointerId);
    const now = placeOf(event);
    if (before === undefined) {
      target.hover(...now);
      return;
    }
    const other = [...pointers].find(([id]) => id !== event.pointerId)?.[1];
    pointers.set(event.pointerId, now);
    moved += distance(before, now);
    if (other === undefined) {
      if (moved > STILL) target.panBy(before[0] - now[0], before[1] - now[1]);
      return;
    }
    const middle = [(now[0] + other[0]) / 2, (now[1] + other[1]) / 2];
    const was = distance(before, other);
    if (was > 0) target.zoomAt(distance(now, other) / was, ...middle);
    target.panBy((before[0] - now[0]) / 2, (before[1] - now[1]) / 2);
  });
  const release = (event) => {
    if (!pointers.delete(event.pointerId)) return;
    if (event.type === "pointerup" && moved <= STILL && pointers.size === 0) {
      target.click(...placeOf(event));
    }
  };
  on("pointerup", release);
  on("pointercancel", release);
  on("pointerleave", () => target.hover(null, null));
  on("dblclick", (event) => {
    event.preventDefault();
    if (target.isFitted) target.zoomAt(2.5, ...placeOf(event));
    else target.fit();
  });
  on(
    "wheel",
    (event) => {
      const isWanted = event.ctrlKey || event.metaKey || document.activeElement === canvas;
      if (!isWanted || (target.isFitted && event.deltaY > 0 && !event.ctrlKey)) return;
      event.preventDefault();
      const unit = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 20 : 1;
      const speed = event.ctrlKey ? 0.01 : 0.0018;
      target.zoomAt(Math.exp(-event.deltaY * unit * speed), ...placeOf(event));
    },
    { passive: false },
  );
  on("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const act = keys(canvas, target)[event.key];
    if (act === undefined) return;
    event.preventDefault();
    act();
  });
}

function keys(canvas, target) {
  const across = PAN * canvas.clientWidth;
  const down = PAN * canvas.clientHeight;
  return {
    "+": () => target.stepZoom(STEP),
    "=": () => target.stepZoom(STEP),
    "-": () => target.stepZoom(1 / STEP),
    _: () => target.stepZoom(1 / STEP),
    0: () => target.fit(),
    Home: () => target.fit(),
    ArrowLeft: () => target.panBy(-across, 0),
    ArrowRight: () => target.panBy(across, 0),
    ArrowUp: () => target.panBy(0, -down),
    ArrowDown: () => target.panBy(0, down),
  };
}

function distance([x, y], [otherX, otherY]) {
  return Math.hypot(x - otherX, y - otherY);
}
