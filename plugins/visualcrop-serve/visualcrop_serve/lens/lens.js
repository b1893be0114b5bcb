// The page: a picture, a question, one or two searches and what is said without one.

import { announce, drawIcons, el, find, save } from "./dom.js";
import { drawCard, fileName, toJson } from "./export.js";
import { SearcherForm } from "./form.js";
import { forgetAll, recall, remember } from "./history.js";
import { readLink, writeLink } from "./link.js";
import { Look, describeVerdict, makeVerdict, same, showVerdict } from "./look.js";
import { Picture, pictureFile } from "./picture.js";
import { ServerError, ask, getJson, setKey } from "./stream.js";

const DIRECT = "direct";
const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const SIDES = ["A", "B"];

const page = {
  picture: null,
  looks: [], // one or two searches, side by side
  forms: [], // how each of them searches
  direct: { verdict: makeVerdict("direct"), answer: null },
  running: null, // AbortController of what is asked
  asked: null, // what the results on the page are answers to
  scenes: [],
  described: null,
  wanted: null, // a link's picture that is not here yet
};

// -- pictures

async function open(load) {
  stop();
  say();
  document.body.classList.add("loading");
  try {
    const picture = await load();
    await showPicture(picture);
    return picture;
  } catch (problem) {
    complain(problem);
    return null;
  } finally {
    document.body.classList.remove("loading");
  }
}

async function showPicture(picture) {
  const before = page.picture;
  page.picture = picture;
  page.asked = null;
  showStage();
  await Promise.all(page.looks.map((each) => each.setPicture(picture)));
  before?.close();
  find("picture-name").textContent = `${picture.name} · ${sizeOf(picture)}`;
  showResults(false);
  showSuggestions(picture.questions);
  announce(`Picture ${picture.name} is there.`);
}

const sizeOf = ({ width, height }) =>
  `${width.toLocaleString("en")} × ${height.toLocaleString("en")}`;

const openFile = (file) => open(() => Picture.of(file, { name: file.name || "pasted picture" }));
const openScene = (name) => {
  const scene = page.scenes.find((each) => each.name === name);
  return open(() => {
    if (!scene) throw new ServerError(`This server has no scene ${name}.`);
    return Picture.ofScene(scene);
  });
};

function showStage() {
  document.body.dataset.state = "picture";
  find("welcome").hidden = true;
  find("views").hidden = find("tools").hidden = find("picture-name").hidden = false;
}

/** A picture of the user's own: it may be the one that a link waits for. */
async function takeFile(file) {
  const wanted = page.wanted;
  const picture = await openFile(file);
  if (!picture) return;
  page.wanted = null;
  find(wanted ? "go" : "question").focus();
  const digest = await picture.digest;
  if (wanted?.digest && digest && wanted.digest !== digest)
    say(`This is not the picture of the link, ${wanted.name}: the answer may differ.`);
}

function showSuggestions(questions) {
  const place = find("suggestions");
  place.replaceChildren(
    ...questions.map((question) =>
      el("button", { type: "button", onclick: () => suggest(question) }, question.text),
    ),
  );
  fitFields();
}

function suggest({ text, choices }) {
  fillQuestion(text, choices);
  find("go").focus();
}

function fillQuestion(text, choices) {
  find("question").value = text;
  find("choices").value = choices.join(choices.some((choice) => choice.includes(",")) ? "\n" : ", ");
  fitFields();
}

function readChoices() {
  const text = find("choices").value;
  const apart = text.includes("\n") ? text.split("\n") : text.split(",");
  return apart.map((choice) => choice.trim()).filter(Boolean);
}

/** As the model reads it: choices in letters, in the words of the default protocol. */
function writePrompt(question, choices) {
  if (!choices.length) return question;
  const options = choices.map((choice, at) => `(${LETTERS[at]}) ${choice}`);
  const how = "Answer with the option's letter from the given choices directly.";
  return [question, ...options, how].join("\n");
}

// -- asking

async function look() {
  const question = find("question").value.trim(), choices = readChoices();
  if (!page.picture) return complain(new ServerError("There is no picture yet; drop one, or choose a scene."));
  if (page.wanted) return complain(new ServerError(wantedSentence(page.wanted)));
  if (!question) return find("question").focus();
  if (choices.length === 1 || choices.length > LETTERS.length)
    return complain(new ServerError(`A question has no choices or 2 to ${LETTERS.length}, not ${choices.length}.`));
  stop();
  say();
  const running = new AbortController();
  page.running = running;
  setRunning(true);
  const known = page.picture.questions.find((each) => same(each.text, question));
  const model = find("model").value;
  const asked = { question, choices, model, expected: known?.answer ?? null, time: Date.now() };
  page.asked = page.direct.answer = null;
  showResults(true);
  try {
    const picture = await page.picture.data;
    const prompt = writePrompt(question, choices);
    const shared = { model, prompt, picture, signal: running.signal };
    await Promise.all([
      ...page.looks.map((each, at) => askLook(each, page.forms[at], shared, asked, known)),
      ...(isDirectOffered() ? [askDirect(shared, asked)] : []),
    ]);
    await finish(asked);
  } catch (problem) {
    if (running === page.running) running.abort(); // what runs beside it, too
    endLooks(problem);
    if (problem.status === 401) askKey();
    else if (problem.name !== "AbortError") complain(problem);
  } finally {
    if (page.running === running) {
      page.running = null;
      setRunning(false);
    }
  }
}

async function askLook(each, form, shared, asked, known) {
  each.start(labelOf(form), known?.boxes ?? []);
  const { spec: searcher, passes } = form;
  each.used = { spec: searcher, passes };
  const onProgress = (event) => each.progress(event);
  const answer = await ask({ ...shared, searcher, passes, map: true, onProgress });
  each.finish(answer, asked.expected);
  find("found").disabled = false;
}

/** A server with searchers of its own may not have it. */
const isDirectOffered = () => page.described.searchers.some(({ name }) => name === DIRECT);

async function askDirect(shared, asked) {
  const { direct } = page;
  const label = "without a search";
  direct.answer = null;
  showVerdict(direct.verdict, { label, state: "running", words: "" });
  direct.answer = await ask({ ...shared, searcher: DIRECT, passes: null, onProgress: () => {} });
  showVerdict(direct.verdict, describeVerdict(label, direct.answer, asked.expected));
}

function endLooks(problem) {
  const words = problem.name === "AbortError" ? "stopped" : "failed";
  for (const each of page.looks) if (!each.answer) each.fail(words);
  if (!page.direct.answer && isDirectOffered())
    showVerdict(page.direct.verdict, { label: "without a search", state: "failed", words });
}

async function finish(asked) {
  const { picture } = page;
  page.asked = {
    ...asked,
    scene: picture.scene,
    digest: await picture.digest,
    name: picture.name,
    width: page.looks[0].answer.result.image.width,
    height: page.looks[0].answer.result.image.height,
    sides: page.looks.map(({ used, answer }) => ({ ...used, ...answer })),
    direct: page.direct.answer,
  };
  history.replaceState(null, "", writeLink(page.asked));
  find("take").hidden = false;
  find("results").firstChild.scrollIntoView({ block: "nearest" }); // on a phone, or below open options
  announce([...page.looks.map((each) => each.sentence), saidDirectly(page.asked)].join(" "));
  await remember({ ...page.asked, thumbnail: picture.thumbnail }).catch(() => {});
}

const saidDirectly = ({ direct }) =>
  direct ? `Without a search: ${direct.result.choice ?? direct.text}.` : "";

function stop() {
  if (!page.running) return;
  page.running.abort();
  announce("Stopped.");
}

function setRunning(isRunning) {
  find("go").hidden = isRunning;
  find("cancel").hidden = !isRunning;
  document.body.classList.toggle("running", isRunning);
  if (isRunning) find("cancel").focus({ preventScroll: true });
  else if (document.activeElement === document.body) find("go").focus({ preventScroll: true });
}

function showResults(isAsked) {
  find("take").hidden = true;
  find("found").disabled = true;
  const place = find("results");
  if (!isAsked) return place.replaceChildren();
  const searched = page.looks.map(({ verdict }) => verdict);
  const direct = isDirectOffered() ? page.direct.verdict : null;
  const cards = el("div", { class: "verdicts" }, ...searched, direct);
  place.replaceChildren(cards, ...page.looks.map(({ details }) => details));
}

// -- what went wrong, and what there is to know

function complain(problem) {
  const place = find("problem");
  place.textContent = problem.message;
  place.hidden = false;
}

/** A notice, or none; an error from before goes. */
function say(words = "") {
  find("notice").textContent = words;
  find("notice").hidden = !words;
  find("problem").hidden = true;
  find("problem").textContent = "";
}

function askKey() {
  find("key-text").value = "";
  find("key").showModal();
}

// -- searches and how they search

function labelOf(form) {
  return page.forms.length > 1 && page.forms[0].name === page.forms[1].name ? form.spec : form.name;
}

function addSide(name) {
  const form = new SearcherForm(page.described, name);
  const each = new Look(name);
  page.forms.push(form);
  page.looks.push(each);
  find("settings").append(form.element);
  find("views").append(each.view);
  each.viewer.addEventListener("viewchange", () => follow(each));
  each.viewer.layers = { map: isPressed("map"), boxes: isPressed("boxes") };
  each.viewer.mapOpacity = Number(find("opacity").value);
  each.view.addEventListener("keydown", (event) => onViewKey(event, each));
  labelSides();
  return each;
}

function labelSides() {
  const isPair = page.looks.length > 1;
  document.body.classList.toggle("pair", isPair);
  find("compare").setAttribute("aria-pressed", String(isPair));
  page.forms.forEach((form, at) => (form.letter = isPair ? SIDES[at] : ""));
  page.looks.forEach((each, at) => (each.name.textContent = isPair ? SIDES[at] : ""));
}

async function setPair(isPair) {
  if (isPair === page.looks.length > 1) return;
  stop();
  if (isPair) {
    const other = page.described.searchers.find(({ name }) => name === "guarded") ?? page.described.searchers[0];
    const added = addSide(other.name);
    if (page.picture) await added.setPicture(page.picture);
  } else {
    page.looks.pop().destroy();
    page.forms.pop().element.remove();
  }
  labelSides();
  page.asked = null;
  showResults(false);
  for (const each of page.looks) each.clear();
}

/** Two pictures move as one. */
let isFollowing = false;
function follow(moved) {
  find("zoom").textContent = `${Math.round(100 * moved.viewer.view.scale * devicePixelRatio)} %`;
  if (isFollowing) return;
  isFollowing = true;
  for (const other of page.looks)
    if (other !== moved) other.viewer.zoomTo(moved.viewer.view.rectangle, { animate: false, margin: 0 });
  isFollowing = false;
}

// -- the view

const isPressed = (id) => find(id).getAttribute("aria-pressed") === "true";

function toggleLayer(id) {
  find(id).setAttribute("aria-pressed", String(!isPressed(id)));
  for (const { viewer } of page.looks) viewer.layers = { [id]: isPressed(id) };
}

function onViewKey(event, each) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const acts = { m: () => toggleLayer("map"), b: () => toggleLayer("boxes"), f: () => each.zoomToFound() };
  acts[event.key]?.();
}

function zoomBy(factor) {
  const { viewer } = page.looks[0];
  const [left, top, right, bottom] = viewer.view.rectangle;
  const x = (left + right) / 2, y = (top + bottom) / 2;
  const across = (right - left) / factor / 2, down = (bottom - top) / factor / 2;
  viewer.zoomTo([x - across, y - down, x + across, y + down], { margin: 0 });
}

// -- links and history

function wantedSentence({ name, width, height }) {
  const size = width ? ` (${sizeOf({ width, height })})` : "";
  return `This link is about ${name || "a picture"}${size}, which is not on the server: drop it here, or choose it.`;
}

async function setSides(sides) {
  await setPair(sides.length > 1);
  const loads = sides.map(({ spec, passes }, at) => page.forms[at].load(spec, passes));
  const failed = (await Promise.allSettled(loads)).find(({ status }) => status === "rejected");
  if (failed) throw failed.reason;
}

/** Fill the form as a link says. It asks nothing: that is for whoever opened it to do. */
async function follows(link) {
  stop();
  say();
  let refused = null;
  if (link.sides.length) await setSides(link.sides).catch((problem) => (refused = problem));
  if ([...find("model").options].some(({ value }) => value === link.model)) find("model").value = link.model;
  page.wanted = link.scene ? null : link;
  const picture = link.scene && (await openScene(link.scene));
  fillQuestion(link.question, link.choices);
  if (page.wanted) say(wantedSentence(link));
  else if (picture) {
    say("This is what the link asks; press Look to ask it.");
    find("go").focus();
  }
  if (refused) complain(refused);
}

async function showHistory() {
  const looks = await recall();
  find("past").replaceChildren(
    ...looks.map((past) =>
      el(
        "li",
        {},
        el(
          "button",
          { type: "button", onclick: () => reopen(past) },
          el("img", { src: past.thumbnail, alt: "", width: 72, height: 72 }),
          el(
            "span",
            {},
            el("b", {}, past.question),
            el("span", { class: "said" }, past.sides.map(({ text, result }) => result.choice ?? text).join(" · ")),
            el("small", {}, `${past.name} · ${past.sides.map(({ spec }) => spec).join(", ")} · ${new Date(past.time).toLocaleString()}`),
          ),
        ),
      ),
    ),
  );
  find("past-note").textContent = looks.length
    ? "Kept in this browser only."
    : "Nothing yet. What you ask is kept here, in this browser only.";
  find("forget").hidden = looks.length === 0;
  find("history").showModal();
}

/** Show a past look as it was, without asking again. */
async function reopen(past) {
  find("history").close();
  stop();
  try {
    await setSides(past.sides);
  } catch (problem) {
    complain(problem);
    return;
  }
  const isHere = page.picture && (await isSamePicture(page.picture, past));
  const scene = past.scene && page.scenes.find(({ name }) => name === past.scene);
  const load = scene ? () => Picture.ofScene(scene) : () => Picture.ofThumbnail(past);
  if (isHere) showStage();
  else if (!(await open(load))) return;
  fillQuestion(past.question, past.choices);
  page.wanted = isHere || scene ? null : past;
  say(
    page.wanted
      ? `This is a small copy of ${past.name}; drop the picture here to see it in full, and to ask again.`
      : "",
  );
  showPast(past);
}

async function isSamePicture(picture, { scene, digest, name, width, height }) {
  if (scene || picture.scene) return picture.scene === scene;
  if (picture.isCopy) return false;
  const own = await picture.digest;
  return own && digest
    ? own === digest
    : picture.name === name && picture.width === width && picture.height === height;
}

function showPast(past) {
  const known = page.picture.questions.find((each) => same(each.text, past.question));
  showResults(true);
  page.looks.forEach((each, at) => {
    const { text, result, spec, passes } = past.sides[at];
    each.start(labelOf(page.forms[at]), known?.boxes ?? []);
    each.used = { spec, passes };
    each.finish({ text, result }, past.expected);
  });
  page.direct.answer = past.direct;
  if (past.direct)
    showVerdict(page.direct.verdict, describeVerdict("without a search", past.direct, past.expected));
  const { thumbnail: _, id: __, ...asked } = past;
  page.asked = asked;
  find("found").disabled = find("take").hidden = false;
  history.replaceState(null, "", writeLink(asked));
}

// -- what is taken away

async function copyLink() {
  const address = new URL(writeLink(page.asked), location.href).href;
  const word = find("copy-link").querySelector("span");
  try {
    await navigator.clipboard.writeText(address);
    word.textContent = "Copied";
  } catch {
    word.textContent = "It is in the address bar";
  }
  announce(word.textContent);
  setTimeout(() => (word.textContent = "Copy link"), 3000);
}

function savePng() {
  const { question, model, expected } = page.asked;
  const verdicts = [
    ...page.looks.map((each) => describeVerdict(each.label, each.answer, expected)),
    ...(page.direct.answer
      ? [describeVerdict("without a search", page.direct.answer, expected)]
      : []),
  ];
  const canvas = drawCard({ question, model, looks: page.looks, verdicts });
  canvas.toBlob((blob) => save(blob, fileName(question, "png")), "image/png");
}

function saveJson() {
  const address = new URL(writeLink(page.asked), location.href).href;
  const text = toJson({ ...page.asked, link: address });
  save(new Blob([text], { type: "application/json" }), fileName(page.asked.question, "json"));
}

// -- wiring

function fitFields() {
  const chips = [...find("suggestions").children];
  for (const chip of chips) chip.hidden = same(chip.textContent, find("question").value);
  find("suggestions").hidden = chips.every((chip) => chip.hidden);
  for (const field of [find("question"), find("choices")]) {
    field.style.height = "auto";
    field.style.height = `${Math.min(field.scrollHeight + 2, 200)}px`;
  }
}

function wireForm() {
  const on = (id, event, act) => find(id).addEventListener(event, act);
  on("ask", "submit", (event) => {
    event.preventDefault();
    look();
  });
  on("cancel", "click", stop);
  for (const id of ["question", "choices"]) {
    on(id, "input", fitFields);
    on(id, "keydown", (event) => {
      const isAsk = event.key === "Enter" && (event.ctrlKey || event.metaKey || (id === "question" && !event.shiftKey));
      if (!isAsk || event.isComposing) return;
      event.preventDefault();
      find("ask").requestSubmit();
    });
  }
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && page.running && !document.querySelector("dialog[open]")) stop();
  });
  on("key-form", "submit", () => {
    setKey(find("key-text").value);
    const isAskedAgain = page.picture !== null; // what was refused is a question, not the page
    start().then((isReady) => isReady && isAskedAgain && look());
  });
  on("key-cancel", "click", () => find("key").close());
}

function wireView() {
  const on = (id, event, act) => find(id).addEventListener(event, act);
  on("zoom-in", "click", () => zoomBy(1.6));
  on("zoom-out", "click", () => zoomBy(1 / 1.6));
  on("fit", "click", () => page.looks.forEach(({ viewer }) => viewer.fit({ animate: true })));
  on("found", "click", () => page.looks[0].zoomToFound());
  on("map", "click", () => toggleLayer("map"));
  on("boxes", "click", () => toggleLayer("boxes"));
  on("opacity", "input", ({ target }) => {
    for (const { viewer } of page.looks) viewer.mapOpacity = Number(target.value);
  });
}

function wirePage() {
  const on = (id, event, act) => find(id).addEventListener(event, act);
  const choose = () => find("file").click();
  on("choose", "click", choose);
  on("new-picture", "click", showWelcome);
  on("file", "change", ({ target }) => {
    if (target.files[0]) takeFile(target.files[0]);
    target.value = "";
  });
  on("compare", "click", () => setPair(page.looks.length === 1));
  on("open-history", "click", showHistory);
  on("open-help", "click", () => find("help").showModal());
  on("forget", "click", async () => {
    await forgetAll();
    find("history").close();
    announce("The history is empty.");
  });
  on("copy-link", "click", copyLink);
  on("save-png", "click", savePng);
  on("save-json", "click", saveJson);
  addEventListener("hashchange", () => {
    const link = readLink(location.hash);
    if (link) follows(link);
  });
}

function wireDrop() {
  const hasFiles = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");
  let depth = 0;
  const mark = (change) => {
    depth = Math.max(0, depth + change);
    document.body.classList.toggle("dropping", depth > 0);
  };
  addEventListener("dragenter", (event) => hasFiles(event) && mark(1));
  addEventListener("dragleave", (event) => hasFiles(event) && mark(-1));
  addEventListener("dragover", (event) => hasFiles(event) && event.preventDefault());
  addEventListener("drop", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    mark(-depth);
    takeFile(pictureFile(event.dataTransfer));
  });
  addEventListener("paste", (event) => {
    const file = pictureFile(event.clipboardData);
    if (!file) return; // text is for the field that has the focus
    event.preventDefault();
    takeFile(file);
  });
}

function showWelcome() {
  stop();
  say();
  page.wanted = null;
  document.body.dataset.state = "welcome";
  find("welcome").hidden = false;
  find("views").hidden = find("tools").hidden = find("picture-name").hidden = true;
  find("choose").focus();
}

function showScenes() {
  find("scenes").replaceChildren(
    ...page.scenes.map(({ name, width, height, questions }) =>
      el(
        "li",
        {},
        el(
          "button",
          { type: "button", onclick: () => takeScene(name) },
          el("img", { src: `/lens/scenes/${name}/thumbnail`, alt: "", loading: "lazy" }),
          el("span", {}, questions[0].text),
          el("small", {}, `${width.toLocaleString("en")} × ${height.toLocaleString("en")}`),
        ),
      ),
    ),
  );
}

async function takeScene(name) {
  page.wanted = null;
  const picture = await openScene(name);
  if (picture) suggest(picture.questions[0]);
}

/** All that the page needs from the server before anything can be asked. */
async function start() {
  try {
    const [models, described, scenes] = await Promise.all([
      getJson("/v1/models"),
      getJson("/lens/searchers"),
      getJson("/lens/scenes"),
    ]);
    const names = models.data.map(({ id }) => id).filter((id) => !id.includes("@"));
    find("model").replaceChildren(...names.map((name) => el("option", { value: name }, name)));
    Object.assign(page, { described, scenes });
    if (!page.looks.length) addSide(described.searchers.some(({ name }) => name === "focus") ? "focus" : described.searchers[0].name);
    showScenes();
    document.body.dataset.ready = "true";
    const link = readLink(location.hash);
    if (link && !page.picture) await follows(link);
    return true;
  } catch (problem) {
    if (problem.status === 401) askKey();
    else complain(problem);
    return false;
  }
}

drawIcons();
wireForm();
wireView();
wirePage();
wireDrop();
await start();
