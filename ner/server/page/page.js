// The page: text in, entities marked. The server counts Unicode code points, JavaScript counts UTF-16 units; `unitOffsets` is between them.
import { WORDS } from "./words.js";

const $ = (id) => document.getElementById(id);
const EXAMPLE = "江苏省委书记到上海交通大学看望李明教授。😀王小红昨天从北京飞往纽约，参加联合国的会议。";
const LONE_SURROGATE = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;
// Neighbouring types have colours far apart: multiples of the golden angle.
const GOLDEN_ANGLE = 137.508;

let words = WORDS.en;
let info = { name: "", version: 0, labels: [], gazetteer: true, max_texts: 1, max_characters: Infinity, max_body: Infinity };
let tagged = null; // {text, entities, without}: what the server answered last; `without` are the entities without the gazetteer, or null
let hidden = new Set(); // types that are not shown
let running = null; // AbortController of the request on its way

/** For each code point of a text its place in UTF-16 units, and the text's length after them. */
export function unitOffsets(text) {
  const offsets = [];
  let position = 0;
  for (const character of text) {
    offsets.push(position);
    position += character.length;
  }
  offsets.push(position);
  return offsets;
}

/** The terms of the gazetteer's lines; throws the number of the first line that is none. */
export function parseTerms(source) {
  const terms = [];
  source.split("\n").forEach((line, i) => {
    if (!line.trim()) return;
    const parts = /^\s*(.+?)[\s,，]+([^\s,，]+)\s*$/u.exec(line);
    if (!parts) throw Object.assign(new Error(), { line: i + 1, text: line.trim() });
    terms.push({ text: parts[1], label: parts[2] });
  });
  return terms;
}

/** Entities as CSV (RFC 4180), with a byte order mark for spreadsheets. */
export function toCsv(entities) {
  const quote = (value) => `"${String(value).replaceAll('"', '""')}"`;
  const lines = entities.map((e) => [e.start, e.end, e.label, quote(e.text), e.score].join(","));
  return `\ufeff${["start,end,label,text,score", ...lines].join("\r\n")}\r\n`;
}

function speak() {
  document.documentElement.lang = words === WORDS.zh ? "zh-Hans" : "en";
  document.title = words.title;
  for (const element of document.querySelectorAll("[data-words]")) element.textContent = words[element.dataset.words];
  for (const element of document.querySelectorAll("[data-label]")) element.setAttribute("aria-label", words[element.dataset.label]);
  for (const button of document.querySelectorAll("[data-language]")) {
    button.setAttribute("aria-pressed", String(WORDS[button.dataset.language] === words));
  }
  $("error").hidden = true;
  $("status").textContent = "";
  showInfo();
  count();
  show();
}

function showInfo() {
  $("model").textContent = info.version ? words.model(info.name, info.version) : "";
  $("no-gazetteer").hidden = info.gazetteer;
  $("terms").disabled = !info.gazetteer;
}

function count() {
  const n = unitOffsets($("text").value).length - 1;
  $("count").textContent = Number.isFinite(info.max_characters) ? words.count(n, info.max_characters) : "";
}

function fail(message) {
  $("status").textContent = "";
  $("error").textContent = message;
  $("error").hidden = false;
}

function headers() {
  const token = $("token").value.trim();
  return { "Content-Type": "application/json", ...(token ? { Authorization: `Bearer ${token}` } : {}) };
}

async function ask(path, body, signal) {
  let response;
  try {
    response = await fetch(path, { method: body ? "POST" : "GET", headers: headers(), body: body && JSON.stringify(body), signal });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Error(words.offline);
  }
  const answer = await response.json().catch(() => ({}));
  if (response.ok) return answer;
  if (response.status === 401) {
    $("token-row").hidden = false;
    throw new Error(words.status[401]);
  }
  const why = words.status[response.status] ?? words.status.other;
  throw new Error(answer.error ? `${why} (${answer.error})` : why);
}

async function readInfo() {
  info = await ask("info");
  showInfo();
  count();
}

async function tag() {
  running?.abort();
  const own = new AbortController();
  running = own;
  $("error").hidden = true;
  $("status").textContent = words.working;
  $("tag").setAttribute("aria-busy", "true");
  try {
    if (!info.version) await readInfo();
    const text = $("text").value.replace(LONE_SURROGATE, "\ufffd");
    const gazetteer = info.gazetteer ? parseTerms($("terms").value) : [];
    const asked = [ask("tag", { text, ...(gazetteer.length ? { gazetteer } : {}) }, own.signal)];
    if (gazetteer.length) asked.push(ask("tag", { text }, own.signal));
    const [answer, without] = await Promise.all(asked);
    tagged = { text, entities: answer.results[0].entities, without: without ? without.results[0].entities : null };
    $("result-section").hidden = false;
    show();
  } catch (error) {
    if (error.name === "AbortError") return;
    fail(error.line ? words.badTerm(error.line, error.text) : error.message);
  } finally {
    if (running === own) $("tag").removeAttribute("aria-busy");
  }
}

const key = (e) => `${e.start} ${e.end} ${e.label}`;
const hue = (label) => (200 + GOLDEN_ANGLE * Math.max(info.labels.indexOf(label), 0)) % 360;
const typeName = (label) => (words.labels[label] ? `${label} (${words.labels[label]})` : label);

function shown() {
  const least = Number($("probability").value);
  return tagged.entities.filter((e) => e.score >= least && !hidden.has(e.label));
}

function show() {
  if (!tagged) return;
  showTypes();
  const entities = shown();
  const before = tagged.without && new Set(tagged.without.map(key));
  const offsets = unitOffsets(tagged.text);
  const parts = document.createDocumentFragment();
  let position = 0;
  entities.forEach((entity, i) => {
    const [start, end] = [offsets[entity.start], offsets[entity.end]];
    parts.append(tagged.text.slice(position, start), mark(entity, i, before));
    position = end;
  });
  parts.append(tagged.text.slice(position));
  $("result").replaceChildren(parts);
  $("rows").replaceChildren(...entities.map(row));
  $("status").textContent = words.found(entities.length, tagged.entities.length);
  $("probability-value").value = Number($("probability").value).toFixed(2);
  showEffect(before);
  hideTip();
}

function mark(entity, index, before) {
  const element = document.createElement("mark");
  element.style.setProperty("--hue", hue(entity.label));
  element.tabIndex = index ? -1 : 0;
  Object.assign(element.dataset, { start: entity.start, end: entity.end, label: entity.label });
  element.dataset.tip = words.tip(typeName(entity.label), entity.score.toFixed(3), entity.start, entity.end);
  if (before && !before.has(key(entity))) element.classList.add("new");
  const label = document.createElement("b");
  label.textContent = entity.label;
  element.append(entity.text, label);
  return element;
}

function row(entity) {
  const element = document.createElement("tr");
  for (const value of [entity.text, entity.label, entity.score.toFixed(3), entity.start, entity.end]) {
    element.insertCell().textContent = value;
  }
  return element;
}

function showTypes() {
  const counts = new Map(info.labels.map((label) => [label, 0]));
  for (const entity of tagged.entities) counts.set(entity.label, (counts.get(entity.label) ?? 0) + 1);
  // Boxes that are there stay: one of them may have the focus.
  const boxes = new Map([...$("types").querySelectorAll("label")].map((label) => [label.dataset.type, label]));
  for (const [type, n] of counts) {
    let label = boxes.get(type);
    if (!label) {
      label = document.createElement("label");
      label.dataset.type = type;
      const box = Object.assign(document.createElement("input"), { type: "checkbox", checked: true });
      box.addEventListener("change", () => {
        hidden[box.checked ? "delete" : "add"](type);
        show();
      });
      const chip = Object.assign(document.createElement("span"), { className: "chip" });
      chip.style.setProperty("--hue", hue(type));
      label.append(box, chip);
      $("types").append(label);
    }
    boxes.delete(type);
    label.querySelector("span").textContent = `${typeName(type)} ${n}`;
  }
  for (const label of boxes.values()) label.remove();
}

function showEffect(before) {
  $("effect").hidden = !before;
  if (!before) return;
  const now = new Set(tagged.entities.map(key));
  const added = tagged.entities.filter((e) => !before.has(key(e)));
  const removed = tagged.without.filter((e) => !now.has(key(e)));
  $("effect").textContent = words.effect(added, removed);
}

function showTip(element) {
  const tip = $("tip");
  tip.textContent = element.dataset.tip;
  tip.hidden = false;
  element.setAttribute("aria-describedby", "tip");
  const box = element.getClientRects()[0] ?? element.getBoundingClientRect();
  const size = tip.getBoundingClientRect();
  const left = Math.max(4, Math.min(box.left, document.documentElement.clientWidth - size.width - 4));
  const above = box.top - size.height - 6;
  tip.style.left = `${left}px`;
  tip.style.top = `${above < 4 ? box.bottom + 6 : above}px`;
}

function hideTip() {
  $("tip").hidden = true;
  for (const element of document.querySelectorAll('mark[aria-describedby="tip"]')) element.removeAttribute("aria-describedby");
}

function moveAmongMarks(event) {
  const current = event.target.closest("mark");
  const steps = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };
  if (event.key === "Escape") hideTip();
  if (!current || !(event.key in steps || event.key === "Home" || event.key === "End")) return;
  const marks = [...$("result").querySelectorAll("mark")];
  const last = marks.length - 1;
  const wanted = event.key === "Home" ? 0 : event.key === "End" ? last : marks.indexOf(current) + steps[event.key];
  const next = marks[Math.max(0, Math.min(last, wanted))];
  event.preventDefault();
  current.tabIndex = -1;
  next.tabIndex = 0;
  next.focus();
}

async function readFile(file) {
  if (!file) return;
  if (file.size > info.max_body) {
    fail(words.fileTooLong(file.name));
    return;
  }
  const bytes = await file.arrayBuffer();
  const text = decode(bytes);
  if (text === null) {
    fail(words.notText(file.name));
    return;
  }
  $("text").value = text;
  count();
  $("error").hidden = true;
  $("status").textContent = words.read(file.name);
  await tag();
}

function decode(bytes) {
  for (const encoding of ["utf-8", "gb18030"]) {
    try {
      const text = new TextDecoder(encoding, { fatal: true }).decode(bytes);
      return text.includes("\0") ? null : text;
    } catch {
      // the next encoding
    }
  }
  return null;
}

function download(name, kind, content) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([content], { type: kind }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

function listen() {
  for (const button of document.querySelectorAll("[data-language]")) {
    button.addEventListener("click", () => {
      words = WORDS[button.dataset.language];
      speak();
    });
  }
  $("form").addEventListener("submit", (event) => {
    event.preventDefault();
    tag();
  });
  $("form").addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) tag();
  });
  $("text").addEventListener("input", count);
  $("example").addEventListener("click", () => {
    $("text").value = EXAMPLE;
    count();
    tag();
  });
  $("file").addEventListener("change", async () => {
    await readFile($("file").files[0]);
    $("file").value = "";
  });
  $("probability").addEventListener("input", show);
  $("json").addEventListener("click", () => {
    const value = { text: tagged.text, entities: shown() };
    download("entities.json", "application/json", `${JSON.stringify(value, null, 2)}\n`);
  });
  $("csv").addEventListener("click", () => download("entities.csv", "text/csv", toCsv(shown())));
  const result = $("result");
  result.addEventListener("keydown", moveAmongMarks);
  for (const [begin, end] of [["mouseover", "mouseout"], ["focusin", "focusout"]]) {
    result.addEventListener(begin, (event) => {
      const element = event.target.closest("mark");
      if (element) showTip(element);
    });
    result.addEventListener(end, hideTip);
  }
  result.addEventListener("scroll", hideTip);
  addEventListener("scroll", hideTip);
  let depth = 0;
  const over = (change) => {
    depth = Math.max(0, depth + change);
    $("drop").hidden = depth === 0;
  };
  addEventListener("dragenter", () => over(1));
  addEventListener("dragleave", () => over(-1));
  addEventListener("dragover", (event) => event.preventDefault());
  addEventListener("drop", (event) => {
    event.preventDefault();
    depth = 0;
    over(0);
    readFile(event.dataTransfer.files[0]);
  });
}

words = navigator.language.toLowerCase().startsWith("zh") ? WORDS.zh : WORDS.en;
listen();
speak();
readInfo().catch((error) => fail(error.message));
