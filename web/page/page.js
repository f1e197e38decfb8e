"use strict";
// Shows what the laboratory (Rust, compiled to WebAssembly) answers, and reports what a
// person does. No state of a run is kept here: every answer brings it whole.

const at = (id) => document.getElementById(id);
const root = document.documentElement;
let machine = null; // The exports of the WebAssembly module.
let state = null; // The newest answer's state.
let lists = null;
let isDark = false;

// --- the laboratory ----------------------------------------------------------------

async function start() {
  const { instance } = await WebAssembly.instantiate(await module(), {});
  machine = instance.exports;
}

// The bytes of the module, which the page holds compressed.
function module() {
  const bytes = Uint8Array.from(atob(WASM), (letter) => letter.charCodeAt(0));
  const gunzip = new DecompressionStream("gzip");
  return new Response(new Blob([bytes]).stream().pipeThrough(gunzip)).arrayBuffer();
}

// One request, one answer. See web/src/abi.rs.
function ask(request) {
  const bytes = new TextEncoder().encode(JSON.stringify(request));
  const place = machine.sash_alloc(bytes.length);
  new Uint8Array(machine.memory.buffer, place, bytes.length).set(bytes);
  const answer = machine.sash_call(place, bytes.length);
  const length = new DataView(machine.memory.buffer).getUint32(answer, true);
  const text = new TextDecoder().decode(new Uint8Array(machine.memory.buffer, answer + 4, length));
  machine.sash_free(answer, 4 + length);
  return JSON.parse(text);
}

function canvas(isPrint = window.matchMedia("print").matches) {
  const width = isPrint ? 680 : Math.max(280, at("main").clientWidth);
  const isSmall = window.innerWidth < 700;
  const least = isSmall ? 380 : 420;
  const rest = window.innerHeight - (isSmall ? 300 : 430);
  return { width, height: isPrint ? 620 : Math.min(900, Math.max(least, rest)), dark: isDark && !isPrint, print: isPrint };
}

// Does these things, and shows what came of them.
function take(...deeds) {
  try {
    const draw = canvas();
    show(ask({ do: deeds, draw }));
    // What was hidden before has a width only now.
    const now = canvas();
    if (now.width !== draw.width && state.content !== "empty") show(ask({ draw: now }));
  } catch (error) {
    broken(error);
  }
}

function broken(error) {
  stop();
  say(`The laboratory has failed (${error.message}). Load the page again.`, "problem");
}

// --- showing -----------------------------------------------------------------------

function show(answer) {
  if (!answer.state) {
    say(answer.problem, "problem");
    return;
  }
  state = answer.state;
  const isEmpty = state.content === "empty";
  at("welcome").hidden = !isEmpty;
  at("bench").hidden = isEmpty;
  document.body.classList.toggle("at-work", !isEmpty);
  document.body.classList.toggle("plays", state.playing);
  const play = at("play").querySelector("span");
  play.textContent = state.playing ? "Pause" : "Play";
  showFields();
  showNotice(answer.problem);
  if (!isEmpty) {
    showLesson();
    showPictures(answer);
    showPlaying();
    showChoices();
    showQuiz();
    showAbout();
    showLanes();
    showKnobs();
  }
  if (answer.saved) save(answer.saved);
  remember();
  if (state.playing) go(); else stop();
}

function showFields() {
  const { scenario, arq, window: size, packets, congestion } = state.fields;
  const put = (id, value) => {
    if (document.activeElement !== at(id) && at(id).value !== value) at(id).value = value;
  };
  put("scenario", scenario);
  put("window", size);
  offer("packets", String(packets));
  put("arq", arq);
  put("packets", String(packets));
  put("congestion", congestion);
  at("window").disabled = at("arq").value === "stop-and-wait";
  const link = scenario || "perfect";
  const file = packets === 1 ? "1 packet" : `${packets} packets`;
  at("caption").textContent = `${arq}, window ${size}, ${file}, link: ${link}`;
}

function showLesson() {
  const { lesson } = state;
  at("lesson").hidden = !lesson;
  if (!lesson) return;
  at("lesson").querySelector("strong").textContent = `${lesson.title}.`.replace(/\?\.$/, "?");
  at("lesson").querySelector("span").textContent = lesson.words;
}

// A link may name what is not in the list.
function offer(id, value) {
  const options = [...at(id).options].map((option) => option.value);
  if (!options.includes(value)) at(id).add(new Option(value, value));
}

function showNotice(problem) {
  const words = problem || (state.notice ? state.notice.words : state.run && state.run.outcome);
  say(words || "", problem || (state.notice && state.notice.problem) ? "problem" : "");
}

function showPictures(answer) {
  at("strip").innerHTML = answer.strip || "";
  at("strip").hidden = !answer.strip;
  const main = at("main");
  const left = main.scrollLeft;
  main.innerHTML = answer.main || "";
  main.classList.toggle("scaled", state.content === "race" || state.shown !== "ladder");
  main.classList.toggle("race", state.content === "race");
  main.classList.toggle("kills", state.can_kill && state.shown === "ladder");
  main.scrollLeft = left;
}

function showPlaying() {
  const share = state.end_us > 0 ? state.time_us / state.end_us : 0;
  if (document.activeElement !== at("scrub") || state.playing) at("scrub").value = Math.round(share * 1000);
  at("scrub").setAttribute("aria-valuetext", state.clock);
  at("clock").textContent = state.clock;
  const isQuiz = state.content === "quiz";
  const isRun = state.content === "run";
  for (const id of ["restart", "play", "end", "scrub"]) at(id).disabled = isQuiz;
  for (const id of ["step", "back"]) at(id).disabled = !isRun;
  at("way-value").textContent = `${(state.way_ms / 1000).toFixed(1)} s`;
  at("way").value = state.way_ms;
  const hint = state.can_kill
    ? "Click a packet on its way to drop it; the link's line grows by its drop=. Point at a packet or a segment to read what it is."
    : "Point at a packet or a segment to read what it is.";
  at("hint").textContent = state.content === "race" ? "" : hint;
}

const SHOWN = { ladder: "Packets", sequence: "Segments over time", window: "Window", rtt: "Round trip", goodput: "Goodput", theory: "Theory" };
const SCALE = { "to-scale": "To scale", compact: "Compact" };
const SEES = { everything: "What really happens", sender: "What the sender knows" };

function makeTabs(id, names, deed) {
  for (const [key, name] of Object.entries(names)) {
    const button = document.createElement("button");
    button.type = "button";
    button.id = `${id}-${key}`;
    button.textContent = name;
    button.addEventListener("click", () => take({ [deed]: key }));
    at(id).append(button);
  }
}

function showChoices() {
  for (const [id, names] of [["shown", SHOWN], ["sees", SEES], ["scale", SCALE]]) {
    at(id).hidden = state.content === "race";
    for (const key of Object.keys(names)) {
      at(`${id}-${key}`).setAttribute("aria-pressed", String(state[id] === key));
    }
  }
  const isLadder = state.content !== "race" && state.shown === "ladder";
  for (const id of ["scale", "zoom-out", "zoom-in"]) at(id).hidden = !isLadder;
  at("fold").hidden = state.content === "race";
  at("fold").textContent = state.folded ? "Show strip" : "Hide strip";
}

function showQuiz() {
  const quiz = state.quiz;
  at("asking").hidden = !quiz;
  if (!quiz) return;
  const isEnd = quiz.choices.length === 0;
  const [right, given] = quiz.score;
  at("asking-head").textContent = isEnd
    ? `That was all: ${right} of ${given} right`
    : `Question ${quiz.place} of ${quiz.of}`;
  at("happened").textContent = isEnd ? "Save the answers below (CSV), or choose another experiment." : quiz.happened;
  const key = `${quiz.place}`;
  if (at("choices").dataset.of !== key) {
    at("choices").dataset.of = key;
    at("choices").replaceChildren(...quiz.choices.map((choice, place) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = `${String.fromCharCode(97 + place)}) ${choice}`;
      button.addEventListener("click", () => take({ answer: place }));
      return button;
    }));
  }
  const told = quiz.answered;
  [...at("choices").children].forEach((button, place) => {
    button.disabled = Boolean(told);
    button.classList.toggle("right", Boolean(told) && place === told.right);
    button.classList.toggle("wrong", Boolean(told) && place === told.choice && place !== told.right);
  });
  const verdict = at("verdict");
  verdict.textContent = told ? told.verdict : quiz.hint;
  verdict.className = told ? (told.choice === told.right ? "right" : "wrong") : "";
  at("next").hidden = !told;
}

function showAbout() {
  at("about").hidden = !state.about;
  if (!state.about) return;
  at("about-words").textContent = state.about[0];
  at("about-bytes").textContent = state.about[1];
}

function showLanes() {
  if (!state.race) {
    at("lanes").replaceChildren();
    return;
  }
  const table = document.createElement("table");
  const row = (cells, kind) => {
    const line = table.insertRow();
    for (const text of cells) {
      const cell = document.createElement(kind);
      cell.textContent = text;
      line.append(cell);
    }
  };
  row(["Protocol", "In order", "Time", "Transmissions", "Retransmissions"], "th");
  for (const lane of state.race) {
    row([lane.name, lane.in_order.join(" of "), lane.time, lane.sent, lane.resent], "td");
  }
  at("lanes").replaceChildren(table);
}

function showKnobs() {
  const box = at("knobs");
  if (!box.children.length) {
    for (const knob of state.knobs) {
      const label = document.createElement("label");
      label.className = "slider";
      label.title = knob.tip;
      label.innerHTML = "<span class=name></span><input type=range min=0 step=1><output></output>";
      const input = label.querySelector("input");
      input.id = `knob-${knob.knob}`;
      input.max = knob.places - 1;
      input.addEventListener("input", () => take({ turn: { knob: knob.knob, place: Number(input.value) } }));
      box.append(label);
    }
  }
  state.knobs.forEach((knob, place) => {
    const label = box.children[place];
    label.querySelector(".name").textContent = knob.knob;
    label.querySelector("output").textContent = knob.value;
    const input = label.querySelector("input");
    input.value = knob.place;
    input.setAttribute("aria-valuetext", knob.value);
  });
}

// --- time --------------------------------------------------------------------------

let frame = 0;
let last = 0;

function go() {
  if (frame) return;
  last = performance.now();
  frame = requestAnimationFrame(tick);
}

function stop() {
  cancelAnimationFrame(frame);
  frame = 0;
}

function tick(now) {
  frame = 0;
  const passed = Math.max(0, now - last);
  last = now;
  if (!state.playing) return;
  take({ tick: passed });
  if (state.playing) {
    stop();
    last = now;
    frame = requestAnimationFrame(tick);
  }
}

// --- the link that is a handout ----------------------------------------------------

const USUAL = { shown: "ladder", sees: "everything", scale: "to-scale", congestion: "fixed" };

function fragment() {
  if (!state || state.content === "empty") return "";
  const { scenario, arq, window: size, packets, congestion } = state.fields;
  const { shown, sees, scale, lesson } = state;
  const all = lesson && lesson.unchanged
    ? { card: lesson.name, shown, sees, scale }
    : { open: state.content, link: scenario, arq, window: size, packets, congestion, shown, sees, scale };
  if (state.content === "run" && !state.playing) all.at = state.time_us;
  for (const [key, value] of Object.entries(USUAL)) if (all[key] === value) delete all[key];
  const text = new URLSearchParams(Object.entries(all).map(([key, value]) => [key, String(value)])).toString();
  // These are allowed in a fragment, and a line that a teacher can read is worth it.
  return "#" + text.replace(/%3D/g, "=").replace(/%3B/g, ";").replace(/%2C/g, ",").replace(/%2F/g, "/");
}

// The address says what is shown, so that a reload or a bookmark brings it back.
function remember() {
  const text = fragment();
  if (text === location.hash || (text === "" && location.hash === "")) return;
  try {
    history.replaceState(null, "", text || location.pathname + location.search);
  } catch { /* A frame without an address: Copy link still has it. */ }
}

// Opening something is a page to come back from.
function turnPage() {
  try {
    history.pushState(null, "", location.href);
  } catch { /* See above. */ }
}

function readFragment() {
  const text = location.hash.slice(1);
  if (!text) {
    take("close");
    return;
  }
  const parts = new Map(new URLSearchParams(text.replace(/\+/g, "%2B")));
  const deeds = [];
  if (parts.has("shown") && parts.get("shown") in SHOWN) deeds.push({ show: parts.get("shown") });
  if (parts.has("sees") && parts.get("sees") in SEES) deeds.push({ see: parts.get("sees") });
  if (parts.has("scale") && parts.get("scale") in SCALE) deeds.push({ "set-scale": parts.get("scale") });
  const moment = Number(parts.get("at"));
  const then = parts.has("at") && Number.isSafeInteger(moment) && moment >= 0 ? [{ "go-to": moment }] : [];
  if (parts.has("card")) {
    take(...deeds, { card: parts.get("card") }, ...then);
    return;
  }
  const fields = {
    scenario: parts.get("link") ?? "",
    arq: lists.arqs.includes(parts.get("arq")) ? parts.get("arq") : "go-back-n",
    window: parts.get("window") ?? "4",
    congestion: lists.congestions.includes(parts.get("congestion")) ? parts.get("congestion") : "fixed",
    packets: Math.min(2000, Math.max(1, Math.trunc(Number(parts.get("packets"))) || 8)),
  };
  const open = ["race", "quiz"].includes(parts.get("open")) ? parts.get("open") : "run";
  deeds.push({ [open]: fields });
  take(...deeds, ...then);
}

async function share() {
  const link = location.href.replace(/#.*$/, "") + fragment();
  try {
    await navigator.clipboard.writeText(link);
    say("The link is copied. It opens this experiment at this moment.");
  } catch {
    window.prompt("Copy this link:", link);
  }
}

// What has not changed is not read aloud again.
function say(words, kind = "") {
  const notice = at("notice");
  if (notice.textContent !== words) notice.textContent = words;
  notice.className = kind;
}

function save({ name, hex }) {
  const bytes = Uint8Array.from(hex.match(/../g) ?? [], (pair) => parseInt(pair, 16));
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([bytes]));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  say(`Saved: ${name}`);
}

// --- what a person does ------------------------------------------------------------

function fields() {
  return {
    scenario: at("scenario").value,
    arq: at("arq").value,
    window: at("window").value,
    congestion: at("congestion").value,
    packets: Number(at("packets").value),
  };
}

function open(deed) {
  turnPage();
  take(deed);
  if (state.content !== "empty") at("main").focus({ preventScroll: true });
}

function place(event, id, near) {
  const box = at(id).getBoundingClientRect();
  return { strip: id === "strip", x: event.clientX - box.left + at(id).scrollLeft, y: event.clientY - box.top, near };
}

// A finger is wider than a mouse.
const near = (event) => (event.pointerType === "mouse" ? 6 : 20);

function listen() {
  at("fields").addEventListener("submit", (event) => {
    event.preventDefault();
    open({ run: fields() });
  });
  at("race").addEventListener("click", () => open({ race: fields() }));
  at("quiz").addEventListener("click", () => open({ quiz: fields() }));
  at("arq").addEventListener("change", () => { at("window").disabled = at("arq").value === "stop-and-wait"; });
  at("home").addEventListener("click", () => {
    turnPage();
    take("close");
    window.scrollTo(0, 0);
  });
  at("share").addEventListener("click", share);
  at("theme").addEventListener("click", () => {
    paint(!isDark);
    try { localStorage.setItem("sash-theme", isDark ? "dark" : "light"); } catch { /* Not kept. */ }
  });
  for (const [id, deed] of [["restart", "restart"], ["back", "step-back"], ["play", "play-or-pause"], ["step", "step"], ["end", { seek: 1 }]]) {
    at(id).addEventListener("click", () => take(deed));
  }
  at("scrub").addEventListener("input", () => take({ seek: Number(at("scrub").value) / 1000 }));
  at("way").addEventListener("input", () => take({ way: Number(at("way").value) }));
  at("next").addEventListener("click", () => take("next-question"));
  at("fold").addEventListener("click", () => take("fold-strip"));
  at("zoom-in").addEventListener("click", () => take({ zoom: 1 }));
  at("zoom-out").addEventListener("click", () => take({ zoom: -1 }));
  at("main").addEventListener("wheel", wheel, { passive: false });
  at("print").addEventListener("click", () => window.print());
  for (const button of document.querySelectorAll("[data-save]")) {
    button.addEventListener("click", () => take({ save: button.dataset.save }));
  }
  for (const id of ["main", "strip"]) {
    at(id).addEventListener("pointermove", (event) => {
      if (event.pointerType === "mouse" && state.content !== "race") take({ "point-at": place(event, id, 6) });
    });
    at(id).addEventListener("pointerleave", (event) => { if (event.pointerType === "mouse") take("let-go"); });
    at(id).addEventListener("click", (event) => {
      const here = place(event, id, near(event));
      if (id === "main" && state.can_kill) take({ "point-at": here }, { "kill-at": here });
      else take({ "point-at": here });
    });
  }
  document.addEventListener("keydown", key);
  window.addEventListener("popstate", readFragment);
  window.addEventListener("hashchange", () => { if (location.hash !== fragment()) readFragment(); });
  window.addEventListener("resize", () => { if (state.content !== "empty") take(); });
  window.addEventListener("beforeprint", () => {
    take("pause");
    if (state.content !== "empty") show(ask({ draw: canvas(true) }));
  });
  window.addEventListener("afterprint", () => take());
}

// Where the ladder has no more to show in this direction, the page scrolls.
function wheel(event) {
  if (state.content === "race" || state.shown !== "ladder" || !event.deltaY) return;
  const steps = event.deltaY < 0 ? 1 : -1;
  const before = state.back_us;
  take(event.ctrlKey ? { zoom: steps } : { scroll: steps });
  if (event.ctrlKey || state.back_us !== before) event.preventDefault();
}

const KEYS = {
  " ": "play-or-pause", ArrowLeft: "step-back", ArrowRight: "step", Home: "restart", End: { seek: 1 },
  ArrowUp: { "point-packet": { later: false } }, ArrowDown: { "point-packet": { later: true } },
  PageUp: { scroll: 3 }, PageDown: { scroll: -3 }, "+": { zoom: 1 }, "-": { zoom: -1 },
  Delete: "kill-pointed", k: "kill-pointed", Escape: "let-go",
  a: { answer: 0 }, b: { answer: 1 }, c: { answer: 2 }, d: { answer: 3 }, n: "next-question",
};
const SHIFTED = { ArrowLeft: "left", ArrowRight: "right", ArrowUp: "sender", ArrowDown: "receiver" };

// The same keys as in the window; a field, a slider or a button keeps its own.
function key(event) {
  const { target } = event;
  if (event.ctrlKey || event.altKey || event.metaKey || state.content === "empty") return;
  if (target.matches("input, select, textarea")) return;
  if (target.matches("button") && [" ", "Enter"].includes(event.key)) return;
  const deed = event.shiftKey && SHIFTED[event.key]
    ? { "point-segment": SHIFTED[event.key] }
    : KEYS[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  if (!deed) return;
  event.preventDefault();
  take(deed);
}

// --- colours, cards ----------------------------------------------------------------

function paint(dark) {
  isDark = dark;
  root.classList.toggle("dark", dark);
  at("theme").textContent = dark ? "Light" : "Dark";
  showCards();
  if (state && state.content !== "empty") take();
}

const KINDS = { run: "Slow motion", race: "Race", quiz: "Quiz" };

function showCards() {
  const answer = ask({ do: [{ cards: { dark: isDark } }] });
  lists = answer.lists;
  at("cards").replaceChildren(...answer.cards.map((card) => {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "card";
    button.id = `card-${card.name}`;
    button.innerHTML = '<span class="thumb" aria-hidden="true"></span><span class="text"><span class="kind"></span><span class="title"></span><span class="words"></span></span>';
    button.querySelector(".thumb").innerHTML = card.picture;
    for (const part of ["title", "words"]) button.querySelector(`.${part}`).textContent = card[part];
    button.querySelector(".kind").textContent = KINDS[card.opens];
    button.addEventListener("click", () => {
      open({ card: card.name });
      window.scrollTo(0, 0);
    });
    return button;
  }));
  return answer;
}

async function begin() {
  try {
    await start();
  } catch (error) {
    broken(error);
    return;
  }
  let theme = null;
  try { theme = localStorage.getItem("sash-theme"); } catch { /* A frame without storage. */ }
  const wanted = new URLSearchParams(location.search).get("theme") ?? theme;
  const system = window.matchMedia("(prefers-color-scheme: dark)");
  paint(wanted ? wanted === "dark" : system.matches);
  system.addEventListener("change", (event) => paint(event.matches));
  for (const arq of lists.arqs) at("arq").add(new Option(arq, arq));
  for (const congestion of lists.congestions) at("congestion").add(new Option(congestion, congestion));
  for (const packets of lists.packets) at("packets").add(new Option(packets, packets));
  makeTabs("shown", SHOWN, "show");
  makeTabs("sees", SEES, "see");
  makeTabs("scale", SCALE, "set-scale");
  listen();
  readFragment();
  attend(); // In class.js.
}
