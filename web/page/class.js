// --- the class ---------------------------------------------------------------------
// Only in a page that a class's server has sent: it asks that server for the teacher's
// question and exercise every two seconds, and sends a name, answers and results. Neither
// takes the focus. See src/server/web.rs.

const classroom = { token: null, number: 0, known: "", told: null, timer: 0 };

function make(kind, text, properties = {}) {
  const element = Object.assign(document.createElement(kind), properties);
  element.append(text);
  return element;
}

function keepToken(token) {
  classroom.token = token;
  try {
    if (token) localStorage.setItem("sash-token", token); else localStorage.removeItem("sash-token");
  } catch { /* A reload asks for the name again. */ }
}

async function request(path, body) {
  const headers = { "Content-Type": "application/json" };
  if (classroom.token) headers.Authorization = `Bearer ${classroom.token}`;
  const sent = body ? { method: "POST", body: JSON.stringify(body) } : {};
  const answer = await fetch(path, { ...sent, headers, cache: "no-store", signal: AbortSignal.timeout(8000) });
  return { status: answer.status, body: await answer.json() };
}

async function look() {
  clearTimeout(classroom.timer);
  try {
    const { status, body } = await request("/question");
    if (status === 200) showClass(body);
    else if (status === 403) showClass({ refused: body.sentence });
  } catch {
    tellClass(UNREACHABLE);
  }
  clearTimeout(classroom.timer);
  classroom.timer = setTimeout(look, 2000);
}

const UNREACHABLE = "The server cannot be reached. The page tries again.";

function tellClass(sentence) {
  const notice = at("class-notice");
  if (notice.textContent !== sentence) notice.textContent = sentence;
}

function showClass(told) {
  if (at("class-notice").textContent === UNREACHABLE) tellClass("");
  const known = JSON.stringify([told, isDark]);
  if (known === classroom.known) return;
  const { question, me } = told;
  const number = question ? question.number : 0;
  if (number !== classroom.number) tellClass("");
  Object.assign(classroom, { known, told, number });
  at("class-name").hidden = Boolean(me || told.refused);
  if (told.refused) tellClass(told.refused);
  at("class-head").textContent = me ? `${me.name}, you take part in your class` : "Take part in your class";
  showExercise();
  showQuestion();
}

function showExercise() {
  const { lab, me, refused } = classroom.told;
  const box = at("class-exercise");
  if (!lab || refused) {
    box.replaceChildren();
    return;
  }
  const { exercise } = ask({ do: [{ exercise: { lab, predicted: null } }] });
  if (exercise.problem) {
    box.replaceChildren(make("p", exercise.problem, { className: "problem" }));
    return;
  }
  const typed = at("class-predicted");
  const isSame = typed && typed.dataset.of === String(lab.number);
  if (isSame && !(me && me.has_run)) return; // What is being typed stays.
  const head = make("p", `Exercise ${lab.number} from ${lab.from}: ${exercise.command}`, { className: "soft" });
  if (me && me.has_run) {
    const play = exercise.play ? [make("a", "Play it in the laboratory", { href: exercise.play, id: "class-exercise-play" })] : [];
    box.replaceChildren(head, ...play);
    return;
  }
  const field = make("input", "", { type: "text", inputMode: "numeric", id: "class-predicted" });
  field.dataset.of = lab.number;
  const label = make("label", "Predict: how many DATA packets will the sender transmit, retransmissions included? ");
  label.append(field);
  const form = make("form", "");
  form.append(label, make("button", "Run it", { type: "submit", className: "primary", id: "class-exercise-run" }));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const predicted = Number(field.value.trim() || NaN);
    if (Number.isSafeInteger(predicted) && predicted >= 0 && predicted < 2 ** 32) runExercise(lab, predicted);
    else tellClass("Type a whole number.");
  });
  box.replaceChildren(head, form);
}

// Runs it here, tells the server, and opens the run in the laboratory.
async function runExercise(lab, predicted) {
  const { exercise } = ask({ do: [{ exercise: { lab, predicted } }] });
  const sentence = await send("/result", exercise.result);
  const { done } = exercise.result.outcome;
  if (!sentence) return;
  if (done) tellClass(`${sentence} You predicted ${predicted} packets; the sender transmitted ${done.sent_packets}.`);
  if (exercise.play) location.hash = exercise.play;
}

function showQuestion() {
  const { question, revealed, me, refused } = classroom.told;
  const box = at("class-question");
  if (!question) {
    box.replaceChildren(make("p", refused ? "" : "Your teacher has not asked a question yet."));
    return;
  }
  const own = me ? me.answer : null;
  const width = Math.max(280, box.clientWidth);
  const { class: shown } = ask({ do: [{ class: { question, revealed, own, width, dark: isDark } }] });
  if (shown.problem) {
    box.replaceChildren(make("p", shown.problem, { className: "problem" }));
    return;
  }
  const picture = make("div", "", { className: "picture" });
  picture.innerHTML = shown.picture;
  const head = `Question ${question.number} from ${question.from}: ${shown.protocol}, link ${question.link || "perfect"}`;
  box.replaceChildren(make("p", head, { className: "soft" }), make("pre", shown.rows, { className: "rows" }), make("p", shown.happened), picture,
    make("p", shown.sentence), ...(revealed ? outcome(shown) : waysToAnswer(question.number, shown, own)));
}

function waysToAnswer(number, shown, own) {
  if (shown.choices.length) {
    const answers = make("div", "", { className: "answers" });
    answers.append(...shown.choices.map((choice, place) => {
      const button = make("button", `${String.fromCharCode(97 + place)}) ${choice}`, { type: "button", id: `class-choice-${place}` });
      button.setAttribute("aria-pressed", String(Boolean(own) && own.choice === place));
      button.addEventListener("click", () => sendAnswer({ number, choice: place }));
      return button;
    }));
    return [answers];
  }
  const form = make("form", "");
  const field = make("input", "", { type: "text", inputMode: "numeric", id: "class-packets", value: own ? own.packets : "" });
  field.setAttribute("aria-label", "Number of packets");
  form.append(field, make("button", "Answer", { type: "submit", className: "primary", id: "class-answer" }));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const packets = Number(field.value.trim() || NaN);
    if (Number.isSafeInteger(packets) && packets >= 0) sendAnswer({ number, packets });
    else tellClass("Type a whole number.");
  });
  return [form];
}

function outcome(shown) {
  const answers = make("div", "", { className: "answers" });
  answers.append(...shown.bars.map((bar) => {
    const row = make("div", "", { className: bar.right ? "bar right" : "bar" });
    row.style.setProperty("--share", `${bar.percent}%`);
    row.append(make("span", `${bar.right ? "\u2713 " : ""}${bar.label}${bar.own ? " (your answer)" : ""}`),
      make("span", `${bar.count}, ${bar.percent} %`));
    return row;
  }));
  const parts = [answers, make("p", shown.verdict, { id: "class-verdict" })];
  if (shown.play) parts.push(make("a", "Play on in the laboratory", { href: shown.play, id: "class-play" }));
  return parts;
}

// Sends what somebody who takes part has done; the server's sentence, where it is noted.
async function send(path, what) {
  if (!classroom.token) {
    tellClass("Type your name first.");
    at("class-name-field").focus();
    return null;
  }
  let noted = null;
  try {
    const { status, body } = await request(path, what);
    if (status === 401) keepToken(null);
    if (status === 200) noted = body.sentence;
    tellClass(body.sentence);
  } catch {
    tellClass(UNREACHABLE);
  }
  await look();
  return noted;
}

const sendAnswer = (answer) => send("/answer", answer);

async function join(event) {
  event.preventDefault();
  const field = at("class-name-field");
  try {
    const { status, body } = await request("/join", { name: field.value });
    if (status === 200) keepToken(body.token);
    tellClass(status === 200 ? "" : body.sentence);
    if (body.suggestion) field.value = body.suggestion;
  } catch {
    tellClass(UNREACHABLE);
  }
  await look();
}

function attend() {
  if (root.dataset.class !== "yes") return;
  const form = make("form", "", { id: "class-name" });
  const label = make("label", "Your name ");
  label.append(make("input", "", { type: "text", id: "class-name-field", maxLength: 24, autocomplete: "nickname" }));
  form.append(label, make("button", "Take part", { type: "submit", className: "primary", id: "class-join" }));
  form.addEventListener("submit", join);
  const notice = make("p", "", { id: "class-notice" });
  notice.setAttribute("role", "status");
  const panel = make("section", "", { id: "class", className: "panel" });
  panel.append(make("h2", "", { id: "class-head" }), form, make("div", "", { id: "class-question" }),
    make("div", "", { id: "class-exercise" }), notice);
  document.querySelector("main").prepend(panel);
  try { classroom.token = localStorage.getItem("sash-token"); } catch { /* Not kept. */ }
  window.addEventListener("resize", () => { if (classroom.told) showQuestion(); });
  look();
}
