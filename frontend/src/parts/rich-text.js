// <rich-text> makes the Markdown text area within it a field that shows what is meant. The text area stays what the form
// posts and what is saved; whoever sets its value from a program calls put(). Text that the field could not give back as
// it was stays in the text area.
import { dropCursor } from "prosemirror-dropcursor";
import { gapCursor } from "prosemirror-gapcursor";
import { history } from "prosemirror-history";
import { keymap } from "prosemirror-keymap";
import { Fragment, Slice } from "prosemirror-model";
import { EditorState, NodeSelection, Plugin, TextSelection } from "prosemirror-state";
import { isInTable, tableEditing } from "prosemirror-tables";
import { Decoration, DecorationSet, EditorView } from "prosemirror-view";
import { cleaned } from "./pasted-html.js";
import { blockKeys, deeds, headRows, lineKeys, linkIsOn, typedRules } from "./rich-commands.js";
import * as dialogs from "./rich-dialogs.js";
import { blockSchema, lineSchema, toDocument, toMarkdown } from "./rich-schema.js";
import { Toolbar } from "./rich-toolbar.js";

let count = 0;

// Several paragraphs where only one can stand become lines of it.
function asLines(slice, schema) {
  const lines = [];
  const collect = (content) => (content.firstChild?.isInline ? lines.push(content) : content.forEach((node) => collect(node.content)));
  collect(slice.content);
  return new Slice(lines.reduce((all, one) => (all.size ? all.addToEnd(schema.nodes.break.create()).append(one) : one), Fragment.empty), 0, 0);
}

class FigureBox {
  constructor(node, view, getPos, pictures) {
    this.pictures = pictures;
    this.dom = document.createElement("figure");
    this.button = document.createElement("button");
    this.button.type = "button";
    this.button.className = "picture";
    this.button.contentEditable = "false";
    this.button.tabIndex = -1;
    this.button.addEventListener("click", () => dialogs.figure(view, { at: getPos(), pictures }));
    this.contentDOM = document.createElement("figcaption");
    this.dom.append(this.button, this.contentDOM);
    this.update(node);
  }

  update(node) {
    if (node.type.name !== "figure") return false;
    const { source, alt } = node.attrs;
    this.button.replaceChildren();
    if (this.pictures && source.startsWith("asset:")) {
      const picture = document.createElement("img");
      picture.src = `${this.pictures}/${encodeURIComponent(source.slice("asset:".length))}`;
      picture.alt = "";
      this.button.append(picture);
    }
    const words = document.createElement("span");
    words.textContent = alt || document.getElementById("rich-figure").dataset.withoutAlt;
    words.className = alt ? "" : "wrong";
    this.button.append(words);
    return true;
  }

  stopEvent(event) { return this.button.contains(event.target); }

  ignoreMutation(mutation) { return mutation.type !== "selection" && !this.contentDOM.contains(mutation.target); }
}

export class RichText extends HTMLElement {
  connectedCallback() {
    this.area = this.querySelector("textarea");
    if (!this.area || this.box || this.area.disabled || this.area.closest("fieldset:disabled")) return;
    this.schema = this.dataset.shape === "line" ? lineSchema : blockSchema;
    this.box = document.createElement("div");
    this.box.className = "rich-box";
    this.box.id = `rich-${(count += 1)}`;
    this.why = document.createElement("p");
    this.why.className = "small muted";
    this.toolbar = new Toolbar(this, { lineOnly: this.schema === lineSchema, controls: this.box.id, act: (deed) => this.act(deed) });
    this.prepend(this.toolbar.dom, this.why, this.box);
    this.label = document.querySelector(`label[for="${CSS.escape(this.area.id)}"]`);
    if (this.label) this.label.id ||= `label-${this.area.id}`;
    this.label?.addEventListener("click", () => this.view?.focus());
    this.area.addEventListener("input", () => { if (this.view) this.take(this.area.value); });
    this.show();
  }

  get value() { return this.area.value; }

  // Set the text from a program; nobody is told.
  put(markdown) {
    this.area.value = markdown;
    if (!this.box) return;
    if (this.view) this.take(markdown);
    else if (!this.turned) this.show();
  }

  // What the field says, as Markdown; null where it is Markdown that is shown.
  get written() { return this.view ? toMarkdown(this.view.state.doc) : null; }

  focus() { (this.view ?? this.area).focus(); }

  // Show the text as a rich field, or as Markdown where the field cannot hold it.
  show() {
    let doc = null;
    try {
      doc = toDocument(this.area.value, this.schema);
    } catch { /* something that only Markdown can say */ }
    this.markdown = doc === null;
    this.why.textContent = doc ? "" : this.dataset.unusual;
    this.why.hidden = Boolean(doc);
    this.area.hidden = Boolean(doc);
    this.box.hidden = !doc;
    this.view?.destroy();
    this.view = doc ? this.viewOf(doc) : null;
    this.render();
  }

  viewOf(doc) {
    const line = this.schema === lineSchema;
    const plugins = [
      new Plugin({ props: { decorations: (state) => this.hints(state), handleKeyDown: (view, event) => this.key(event) } }),
      keymap(line ? lineKeys : blockKeys), history({ newGroupDelay: 800 }), dropCursor({ color: false, class: "drop-cursor" }), gapCursor(),
      ...(line ? [] : [typedRules, headRows, tableEditing()]),
    ];
    return new EditorView(this.box, {
      state: EditorState.create({ doc, plugins }),
      attributes: {
        role: "textbox", "aria-multiline": "true", lang: this.area.lang, spellcheck: "true", class: "rich-words",
        ...(this.label ? { "aria-labelledby": this.label.id } : { "aria-label": this.area.getAttribute("aria-label") ?? "" }),
      },
      nodeViews: line ? {} : { figure: (node, view, getPos) => new FigureBox(node, view, getPos, this.dataset.pictures) },
      dispatchTransaction: (transaction) => this.changed(transaction),
      transformPastedHTML: (html) => cleaned(html, { line }),
      transformPasted: (slice, view) => {
        const cells = /^(table|framed)/.test(slice.content.firstChild?.type.name ?? "");
        return !line && isInTable(view.state) && !cells ? asLines(slice, this.schema) : slice;
      },
      handlePaste: (_, event) => this.takesPicture(event, event.clipboardData),
      handleDrop: (_, event) => this.takesPicture(event, event.dataTransfer),
      handleClickOn: (view, _, node, at, event, direct) => {
        if (!direct || node.type.name !== "footnote") return false;
        dialogs.footnote(view, at);
        return true;
      },
      clipboardTextParser: line ? (text) => asLines(new Slice(Fragment.from(text.split(/\s*\n\s*/).filter(Boolean).map((one) => this.schema.node("paragraph", null, this.schema.text(one)))), 0, 0), this.schema) : null,
      handleDOMEvents: { keydown: (_, event) => this.leaves(event) },
    });
  }

  hints(state) {
    const found = [];
    state.doc.descendants((node, at) => {
      if (["caption", "figure"].includes(node.type.name) && !node.content.size) found.push(Decoration.node(at, at + node.nodeSize, { "data-hint": this.dataset.caption, class: "is-empty" }));
      return !node.isTextblock;
    });
    return DecorationSet.create(state.doc, found);
  }

  // A picture that is pasted or dropped by itself is asked what it shows.
  takesPicture(event, given) {
    const file = [...(given?.files ?? [])].find((one) => one.type.startsWith("image/"));
    if (!file || !this.dataset.pictures || given.types.includes("text/html")) return false;
    event.preventDefault();
    dialogs.figure(this.view, { pictures: this.dataset.pictures, file });
    return true;
  }

  // Tab works within lists and tables; after Escape it goes on to the next field.
  leaves(event) {
    const leaving = event.key === "Tab" && this.escaped;
    if (!event.shiftKey || event.key === "Tab") this.escaped = event.key === "Escape";
    return leaving;
  }

  key(event) {
    const { selection } = this.view.state;
    if (event.altKey && event.key === "F10") { this.toolbar.focus(); return true; }
    if ((event.ctrlKey || event.metaKey) && event.key === "k") { this.act("link"); return true; }
    if (event.key === "Enter" && selection instanceof NodeSelection && ["footnote", "figure"].includes(selection.node.type.name)) {
      if (selection.node.type.name === "figure") dialogs.figure(this.view, { at: selection.from, pictures: this.dataset.pictures });
      else dialogs.footnote(this.view, selection.from);
      return true;
    }
    return false;
  }

  act(deed) {
    if (deed === "markdown") return this.turn();
    const { view } = this;
    if (!view) return undefined;
    if (deed === "link" || deed === "footnote") return dialogs[deed](view);
    if (deed === "figure") return dialogs.figure(view, { pictures: this.dataset.pictures });
    if (deed === "comment") return this.comment();
    deeds[deed][0](view.state, view.dispatch, view);
    return view.focus();
  }

  turn() {
    this.turned = !this.markdown;
    if (this.turned) {
      this.markdown = true;
      this.area.hidden = false;
      this.box.hidden = true;
      this.view.destroy();
      this.view = null;
      this.render();
    } else this.show();
    this.focus();
  }

  comment() {
    const { from, to } = this.view.state.selection;
    document.getElementById("comment-quote").value = this.view.state.doc.textBetween(from, to, " ", " ").slice(0, 300);
    document.getElementById("comment-text").focus();
  }

  changed(transaction) {
    this.view.updateState(this.view.state.apply(transaction));
    if (transaction.docChanged && !transaction.getMeta("from outside")) {
      this.area.value = toMarkdown(this.view.state.doc);
      this.telling = true;
      this.area.dispatchEvent(new Event("input", { bubbles: true }));
      this.telling = false;
    }
    this.render();
  }

  // Take over what was set from outside, where it differs, so that cursor and history stay.
  take(markdown) {
    if (this.telling || toMarkdown(this.view.state.doc) === markdown) return;
    let doc;
    try {
      doc = toDocument(markdown, this.schema);
    } catch {
      this.show();
      return;
    }
    const { state } = this.view;
    const start = state.doc.content.findDiffStart(doc.content);
    if (start === null) return;
    let { a, b } = state.doc.content.findDiffEnd(doc.content);
    const overlap = start - Math.min(a, b);
    if (overlap > 0) { a += overlap; b += overlap; }
    this.view.dispatch(state.tr.replace(start, a, doc.slice(start, b)).setMeta("from outside", true).setMeta("addToHistory", false));
    if (!this.view.state.doc.eq(doc)) this.show();
  }

  // Go to *words* in the text and mark them; false if they are not there.
  find(words) {
    if (!this.view) return false;
    const { doc } = this.view.state;
    let found = null;
    doc.descendants((node, at) => {
      if (found || !node.isTextblock) return !found;
      const start = node.textBetween(0, node.content.size, "", "\ufffc").indexOf(words);
      if (start >= 0) found = [at + 1 + start, at + 1 + start + words.length];
      return false;
    });
    if (!found) return false;
    this.view.dispatch(this.view.state.tr.setSelection(TextSelection.create(doc, ...found)).scrollIntoView());
    this.view.focus();
    return true;
  }

  render() {
    const { view } = this;
    const stateOf = (name) => {
      if (name === "markdown") return { on: this.markdown, able: true };
      if (!view) return { able: false };
      if (name === "link") return { on: linkIsOn(view.state), able: true };
      if (name === "comment") return { able: !view.state.selection.empty };
      const [command, isOn] = deeds[name] ?? [];
      return { on: isOn?.(view.state), able: command ? command(view.state) : true };
    };
    this.toolbar.show(stateOf, { inTable: Boolean(view) && this.schema === blockSchema && isInTable(view.state), markdown: this.markdown });
  }
}

customElements.define("rich-text", RichText);
