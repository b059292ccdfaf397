// What a rich field asks before it acts: where a link leads, what a footnote says, what a picture shows.
import { NodeSelection } from "prosemirror-state";
import { isUsable } from "./markdown-tree.js";

// Show the page's dialog *id* with *values*; return what was filled in with the button's name, or null.
function asked(id, values) {
  const dialog = document.getElementById(id);
  const form = dialog.querySelector("form");
  for (const one of form.elements) if (one.name && one.type !== "submit") one.value = values[one.name] ?? "";
  for (const one of form.querySelectorAll("[data-when]")) one.hidden = !values[one.dataset.when];
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      const told = Object.fromEntries([...form.elements].filter((one) => one.name).map((one) => [one.name, one.value]));
      resolve(dialog.returnValue ? { ...told, deed: dialog.returnValue } : null);
    }, { once: true });
  });
}

function addressOf(written) {
  const url = written.trim();
  if (isUsable(url)) return url;
  if (/^[^\s@/]+@[^\s@/]+\.[^\s@/]+$/.test(url)) return `mailto:${url}`;
  return /^[\w-]+(\.[\w-]+)+(\/\S*)?$/.test(url) ? `https://${url}` : url;
}

document.getElementById("rich-link")?.querySelector("[name=url]").addEventListener("input", ({ target }) => {
  target.setCustomValidity(isUsable(addressOf(target.value)) ? "" : target.dataset.wrong);
});

function linkAround(state) {
  const type = state.schema.marks.link;
  const { $from, from, to } = state.selection;
  const mark = type.isInSet($from.marks()) || ($from.nodeAfter && type.isInSet($from.nodeAfter.marks));
  if (!mark) return { from, to };
  const parts = [];
  $from.parent.forEach((node, offset) => parts.push([offset, offset + node.nodeSize, mark.isInSet(node.marks)]));
  let at = parts.findIndex(([start, end, on]) => on && $from.parentOffset >= start && $from.parentOffset <= end);
  if (at < 0) return { from, to };
  let last = at;
  while (parts[at - 1]?.[2]) at -= 1;
  while (parts[last + 1]?.[2]) last += 1;
  return { from: $from.start() + parts[at][0], to: Math.max(to, $from.start() + parts[last][1]), url: mark.attrs.url };
}

export async function link(view) {
  const { from, to, url } = linkAround(view.state);
  const words = view.state.doc.textBetween(from, to, " ");
  const told = await asked("rich-link", { url: url === "#" ? "" : url, words, known: url !== undefined, wordless: !words });
  view.focus();
  if (!told) return;
  const type = view.state.schema.marks.link;
  const { tr } = view.state;
  if (told.deed === "away") { view.dispatch(tr.removeMark(from, to, type)); return; }
  const address = addressOf(told.url);
  if (!isUsable(address)) return;
  if (from === to) tr.insertText(told.words.trim() || address, from, to);
  const end = tr.mapping.map(to);
  view.dispatch(tr.removeMark(from, end, type).addMark(from, end, type.create({ url: address })).removeStoredMark(type));
}

export async function footnote(view, at = null) {
  const dialog = document.getElementById("rich-footnote");
  const node = at === null ? null : view.state.doc.nodeAt(at);
  const field = dialog.querySelector("rich-text");
  field.put(node?.attrs.text ?? "");
  const told = asked("rich-footnote", { text: node?.attrs.text ?? "", known: node !== null });
  field.focus();
  const answer = await told;
  view.focus();
  if (!answer) return;
  const { tr, schema } = view.state;
  const text = field.value.trim();
  if (answer.deed === "away" || (node && !text)) tr.delete(at, at + 1);
  else if (!text) return;
  else if (node) tr.setNodeMarkup(at, null, { text });
  else tr.replaceRangeWith(view.state.selection.to, view.state.selection.to, schema.nodes.footnote.create({ text }));
  view.dispatch(tr.scrollIntoView());
}

// The page's form for pictures, asked for JSON, encodes the file anew and says under which name it is kept.
async function handedIn(file, pictures) {
  const body = new FormData();
  body.append("picture", file);
  const answer = await fetch(pictures, { method: "POST", headers: { Accept: "application/json" }, body });
  const told = await answer.json().catch(() => null);
  if (!answer.ok || !told) throw new Error(told?.error?.message ?? String(answer.status));
  return told.source;
}

// Hand a picture in, or describe the one at *at*.
export async function figure(view, { at = null, pictures, file = null }) {
  const attrs = at === null ? { source: "", alt: "" } : view.state.doc.nodeAt(at).attrs;
  const form = document.querySelector("#rich-figure form");
  const wrong = form.querySelector("[role=alert]");
  const input = form.elements.picture;
  let { source } = attrs;
  wrong.textContent = "";
  input.required = at === null;
  input.closest("[data-when]").hidden = at !== null;
  form.onsubmit = async (event) => {
    if (at !== null || event.submitter.value !== "ok") return;
    event.preventDefault();
    event.submitter.disabled = true;
    try {
      source = await handedIn(input.files[0], pictures);
      document.getElementById("rich-figure").close("ok");
    } catch (error) {
      wrong.textContent = error.message;
    }
    event.submitter.disabled = false;
  };
  const answer = asked("rich-figure", { alt: attrs.alt, known: at !== null, unknown: at === null });
  if (file) {
    const given = new DataTransfer();
    given.items.add(file);
    input.files = given.files;
  }
  const told = await answer;
  view.focus();
  if (!told) return;
  const { tr, schema } = view.state;
  const alt = told.alt.split(/\s+/).join(" ").trim();
  if (told.deed === "away") tr.setSelection(NodeSelection.create(tr.doc, at)).deleteSelection();
  else if (at === null) tr.replaceSelectionWith(schema.nodes.figure.create({ source, alt }));
  else tr.setNodeMarkup(at, null, { source, alt });
  view.dispatch(tr.scrollIntoView());
}
