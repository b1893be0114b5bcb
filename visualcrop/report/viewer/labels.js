// Where labels of boxes go: near their box, inside the picture, and never over one another.

const GAP = 3; // pixels between a box and its label
const APART = 2; // and between two labels

/**
 * A place for each label, or null where there is none; earlier ones have the first choice.
 *
 * items: [{box: [left, top, right, bottom], width, height}]; bounds: [left, top, right, bottom];
 * clear: boxes that are small, and are covered only if there is no other place.
 */
export function placeLabels(items, bounds, clear = []) {
  const placed = [];
  const small = clear.map(([left, top, right, bottom]) => {
    return { x: left, y: top, width: right - left, height: bottom - top };
  });
  return items.map(({ box, width, height }) => {
    const seen = clip(box, bounds);
    if (seen === null) return null;
    const free = candidates(seen, width, height)
      .map(([x, y]) => ({ x, y, width, height }))
      .filter((label) => isInside(label, bounds) && !placed.some((other) => overlap(label, other)));
    const best = free.find((label) => !small.some((other) => overlap(label, other))) ?? free[0];
    if (best === undefined) return null;
    placed.push(best);
    return best;
  });
}

/** Upper left corners of a label, from the best: above the box, in it, below it, beside it. */
function candidates([left, top, right, bottom], width, height) {
  const above = top - height - GAP;
  const inside = top + GAP;
  const low = bottom - height - GAP;
  const below = bottom + GAP;
  return [
    [left, above],
    [right - width, above],
    [left + GAP, inside],
    [right - width - GAP, inside],
    [left, below],
    [right - width, below],
    [left + GAP, low],
    [right - width - GAP, low],
    [right + GAP, top],
    [left - width - GAP, top],
  ];
}

function clip([left, top, right, bottom], bounds) {
  const seen = [
    Math.max(left, bounds[0]),
    Math.max(top, bounds[1]),
    Math.min(right, bounds[2]),
    Math.min(bottom, bounds[3]),
  ];
  return seen[2] > seen[0] && seen[3] > seen[1] ? seen : null;
}

function isInside({ x, y, width, height }, [left, top, right, bottom]) {
  return x >= left && y >= top && x + width <= right && y + height <= bottom;
}

/** Whether two labels come nearer than they may. */
export function overlap(a, b) {
  return (
    a.x < b.x + b.width + APART &&
    b.x < a.x + a.width + APART &&
    a.y < b.y + b.height + APART &&
    b.y < a.y + a.height + APART
  );
}
