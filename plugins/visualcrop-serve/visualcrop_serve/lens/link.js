// A look as the part of an address behind its #, and back.

/** The fragment that asks the same again. */
export function writeLink({ scene, digest, name, width, height, model, question, choices, sides }) {
  const parts = new URLSearchParams();
  if (scene) parts.set("scene", scene);
  else {
    if (digest) parts.set("picture", digest);
    parts.set("name", name);
    parts.set("size", `${width}x${height}`);
  }
  parts.set("q", question);
  for (const choice of choices) parts.append("c", choice);
  for (const { spec, passes } of sides) {
    parts.append("s", spec);
    parts.append("passes", passes ?? "");
  }
  if (model) parts.set("model", model);
  return `#${parts}`;
}

/** What a fragment asks for; null where it asks for nothing. */
export function readLink(fragment) {
  const parts = new URLSearchParams(fragment.replace(/^#/, ""));
  if (!parts.has("q")) return null;
  const [width, height] = (parts.get("size") ?? "").split("x").map((side) => Number(side) || 0);
  const passes = parts.getAll("passes");
  return {
    scene: parts.get("scene"),
    digest: parts.get("picture"),
    name: (parts.get("name") ?? "").slice(0, 200),
    width: width || 0,
    height: height || 0,
    model: parts.get("model"),
    question: parts.get("q").slice(0, 20_000),
    choices: parts.getAll("c").slice(0, 26),
    sides: parts
      .getAll("s")
      .slice(0, 2)
      .map((spec, at) => ({ spec, passes: readPasses(passes[at]) })),
  };
}

const readPasses = (text = "") => (/^\d{1,6}$/.test(text) ? Number(text) : null);
