// The editor's page: saves what is written at every pause, keeps it in this browser until the server has it, shows both
// versions where somebody else wrote in the same field, and brings the preview up to date. Without it the page is a form.
import Sortable from "sortablejs";
import "./parts/rich-text.js";

const PAUSE = 600; // ms without a key: a pause
const AGAIN = 3000; // ms until a save that failed is tried again
const LOOK = 15000; // ms between looks at what others do

const sheet = document.getElementById("sheet");
const saveState = document.getElementById("save-state");
const clashPlace = document.getElementById("clash-place");
const said = sheet.dataset;
const store = `desk:${location.pathname}`;
const fields = () => [...sheet.querySelectorAll("[name*='|']")];
const named = (name) => fields().find((one) => one.name === name);
const put = (one, value) => { // a rich field shows what its text area holds
  const rich = one.closest("rich-text");
  if (rich) rich.put(value);
  else one.value = value;
};

let version = Number(sheet.elements.base.value);
let dirty = new Map(); // field name -> value not yet confirmed by the server
const held = new Map(); // field name -> what clashed, and the version it was begun on; waits for a person's choice
let saving = null;
let timer = 0;

for (const one of fields()) one.dataset.base = one.value;

function remember() {
  const kept = Object.fromEntries([...held].map(([field, one]) => [field, one.value]).concat([...dirty]));
  const base = Math.min(version, ...[...held.values()].map((one) => one.version));
  if (dirty.size + held.size) localStorage.setItem(store, JSON.stringify({ version: base, fields: kept }));
  else localStorage.removeItem(store);
}

function mark() {
  for (const one of fields()) one.closest(".cell").classList.toggle("dirty", dirty.has(one.name));
}

function say(sentence) {
  if (saveState.textContent !== sentence) saveState.textContent = sentence;
}

function touched(event) {
  const one = event.target;
  if (!one.name?.includes("|")) return;
  if (held.has(one.name)) {
    held.get(one.name).value = one.value;
    const box = [...clashPlace.children].find((each) => each.dataset.field === one.name);
    const words = box?.querySelector("textarea:not([readonly])");
    if (words) words.value = one.value;
    remember();
    return;
  }
  dirty.set(one.name, one.value);
  remember();
  mark();
  say(said.saving);
  clearTimeout(timer);
  timer = setTimeout(save, PAUSE);
}

async function save() {
  clearTimeout(timer);
  if (saving) {
    await saving;
    return dirty.size ? save() : undefined;
  }
  if (!dirty.size) return undefined;
  saving = send().finally(() => { saving = null; });
  return saving;
}

async function send() {
  const sent = new Map(dirty);
  const changes = [...sent].map(([field, value]) => {
    const at = field.indexOf("|");
    return { do: "set", key: field.slice(0, at), name: field.slice(at + 1), value };
  });
  let answer;
  try {
    answer = await fetch(said.changes, {
      method: "POST",
      headers: { "Content-Type": "application/json", Accept: "application/json" },
      body: JSON.stringify({ base: version, changes }),
    });
  } catch {
    return later();
  }
  if (answer.status >= 500) return later();
  const told = await answer.json().catch(() => null);
  if (!answer.ok || !told) {
    say(`${said.refused} ${told?.error?.message ?? answer.status}`);
    return undefined;
  }
  const begun = version;
  const clashing = new Set(told.clashes.map((one) => one.field));
  for (const [field, value] of sent) {
    if (clashing.has(field)) continue;
    const one = named(field);
    if (one) one.dataset.base = value;
    if (dirty.get(field) === value) dirty.delete(field);
  }
  told.clashes.forEach((one) => showClash(one, begun));
  took(told);
  remember();
  mark();
  if (!clashing.size) say(dirty.size ? said.saving : said.saved);
  else say(said.clash);
  refresh();
  return undefined;
}

function later() {
  say(said.unsaved);
  timer = setTimeout(save, AGAIN);
}

// Another version stands: its number, and what others wrote into fields that are untouched here.
function took(told) {
  version = told.version;
  for (const one of document.querySelectorAll("input[name='base']")) one.value = version;
  document.getElementById("version").textContent = `${said.versionWord} ${version}`;
  for (const [field, value] of Object.entries(told.fields)) {
    const one = named(field);
    if (!one || held.has(field)) continue;
    if (dirty.has(field)) {
      // Written here while the answer was on its way, and by somebody else before.
      const label = one.closest(".cell").querySelector("label").textContent;
      showClash({ field, label, mine: dirty.get(field), theirs: value, gone: false }, told.version - 1);
      continue;
    }
    put(one, value);
    one.dataset.base = value;
  }
  if (told.restructured && !document.getElementById("restructured")) {
    const notice = document.createElement("p");
    notice.className = "notice";
    notice.id = "restructured";
    const link = document.createElement("a");
    link.href = location.href;
    link.textContent = said.reload;
    notice.append(`${said.restructured} `, link);
    clashPlace.append(notice);
  }
}

function area(label, text, readonly) {
  const box = document.createElement("div");
  const name = document.createElement("label");
  const words = document.createElement("textarea");
  words.id = `clash-${clashPlace.childElementCount}-${readonly ? "theirs" : "mine"}`;
  name.htmlFor = words.id;
  name.textContent = label;
  words.rows = 6;
  words.readOnly = readonly;
  words.value = text;
  box.append(name, words);
  return [box, words];
}

// Both versions, for a person to choose. What was written stays in this browser until one is chosen.
function showClash(clash, begun) {
  if ([...clashPlace.children].some((one) => one.dataset.field === clash.field)) return;
  const box = document.createElement("section");
  box.className = "notice warning clash";
  box.dataset.field = clash.field;
  const head = document.createElement("h2");
  head.textContent = `${said.clash}: ${clash.label}`;
  box.append(head);
  const both = document.createElement("div");
  both.className = "both";
  const words = dirty.get(clash.field) ?? clash.mine;
  const [mineBox, mine] = area(said.mine, words, clash.gone);
  dirty.delete(clash.field); // not sent again by itself, but kept in this browser until somebody chooses
  held.set(clash.field, { value: words, version: begun });
  if (clash.gone) {
    const sentence = document.createElement("p");
    sentence.textContent = said.gone;
    both.append(mineBox);
    box.append(sentence, both);
    held.delete(clash.field); // the page it stood on is gone; the words stay here to be copied
    clashPlace.append(box);
    return;
  }
  const [theirBox] = area(said.theirs, clash.theirs, true);
  both.append(theirBox, mineBox);
  const row = document.createElement("p");
  row.className = "row";
  const choose = (label, value) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = label;
    button.addEventListener("click", () => {
      const one = named(clash.field);
      const words = value();
      held.delete(clash.field);
      if (one) { put(one, words); one.dataset.base = clash.theirs; (one.closest("rich-text") ?? one).focus(); }
      if (words === clash.theirs) dirty.delete(clash.field);
      else dirty.set(clash.field, words);
      box.remove();
      remember();
      mark();
      if (dirty.size) save();
      else say(said.saved);
    });
    row.append(button);
  };
  choose(said.keep, () => mine.value);
  choose(said.take, () => clash.theirs);
  box.append(both, row);
  clashPlace.append(box);
}

// Other parts of the page, the preview first, come up to date with every version.
function refresh() {
  document.dispatchEvent(new CustomEvent("desk:version", { detail: version }));
}

async function look() {
  if (document.hidden || saving || dirty.size) return;
  const answer = await fetch(`${said.state}?since=${version}`, { headers: { Accept: "application/json" } }).catch(() => null);
  if (!answer?.ok || saving || dirty.size) return;
  const told = await answer.json();
  if (told.version !== version) { took(told); refresh(); }
}

// What an earlier visit could not save: put back where the server still has what it had then, else shown.
function recover() {
  const kept = localStorage.getItem(store);
  if (!kept) return;
  for (const [field, value] of Object.entries(JSON.parse(kept).fields)) {
    const one = named(field);
    if (!one) { dirty.set(field, value); continue; }
    if (one.value === value) continue;
    put(one, value);
    dirty.set(field, value);
  }
  version = Math.min(version, JSON.parse(kept).version);
  remember();
  mark();
  save();
}

// One click from a finding to its words: here at once, on another page of the issue when it is there.
const sought = sessionStorage.getItem("desk:words");
sessionStorage.removeItem("desk:words");
for (const link of document.querySelectorAll("a[data-words]")) {
  link.addEventListener("click", () => {
    const there = new URL(link.href);
    if (there.search !== location.search) sessionStorage.setItem("desk:words", link.dataset.words);
    else setTimeout(() => show(document.querySelector(there.hash), link.dataset.words));
  });
}

function show(block, words) {
  if (!block || !words) return;
  if ([...block.querySelectorAll("rich-text")].some((one) => one.find(words))) return;
  const field = [...block.querySelectorAll("input, textarea:not([hidden])")].find((one) => one.value.includes(words));
  field?.focus();
  field?.setSelectionRange?.(field.value.indexOf(words), field.value.indexOf(words) + words.length);
}

if (!sheet.querySelector("fieldset:disabled")) {
  sheet.addEventListener("input", touched);
  // Buttons that change the structure are ordinary forms: first everything is saved.
  for (const form of [sheet, document.getElementById("outline-form"), ...document.querySelectorAll(".mend")]) {
    form?.addEventListener("submit", async (event) => {
      if (!dirty.size && !saving) return;
      event.preventDefault();
      const button = event.submitter;
      await save();
      if (!dirty.size) form.requestSubmit(button);
    });
  }
  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key === "s") { event.preventDefault(); save(); }
    if (event.altKey && (event.key === "ArrowUp" || event.key === "ArrowDown")) {
      const button = document.querySelector(`.outline .moves [value^='${event.key === "ArrowUp" ? "up" : "down"}:']`);
      if (button) { event.preventDefault(); button.click(); }
    }
  });
  addEventListener("beforeunload", (event) => { if (dirty.size && saveState.textContent === said.unsaved) event.preventDefault(); });
  recover();
  if (location.hash) show(document.querySelector(location.hash), sought);
  setInterval(look, LOOK);

  const outline = document.getElementById("outline");
  Sortable.create(outline, {
    draggable: "li:not(.level-0)",
    animation: 120,
    delay: 150,
    delayOnTouchOnly: true,
    onEnd: async ({ item }) => {
      const level = Number(item.dataset.level);
      let parent = "";
      let after = "";
      for (let one = item.previousElementSibling; one; one = one.previousElementSibling) {
        const there = Number(one.dataset.level);
        if (there === level && !after) after = one.dataset.key;
        if (there < level) { parent = one.dataset.key; break; }
      }
      await save();
      await fetch(said.changes, {
        method: "POST",
        headers: { "Content-Type": "application/json", Accept: "application/json" },
        body: JSON.stringify({ base: version, changes: [{ do: "move", key: item.dataset.key, parent, after }] }),
      }).catch(() => null);
      location.reload();
    },
  });
}
