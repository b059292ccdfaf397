// Markdown to the tree of newsletter/manuscripts/richtext.py, read as markdown.py reads it. What that tree cannot hold,
// or what reading would have to leave out, raises Unusual: the field then stays a plain text area, and nothing is lost.
import MarkdownIt from "markdown-it";

export class Unusual extends Error {}

const TAGS = { strong: "strong", b: "strong", em: "emphasis", i: "emphasis", sup: "superscript", sub: "subscript" };
const MARKS = { strong: "strong", em: "emphasis", sup: "superscript", sub: "subscript" };
const SCRIPT = /([~^])([^\s~^\\<>[\]()&*_]{1,40})\1/y;
const TAG = /^<(\/?)([A-Za-z]+)\s*(\/?)>$/;
const USABLE = /^(?:https?:\/\/[^\s/\\<>"'\x00-\x20]|mailto:[^\s<>"@]+@)[^\s<>"\x00-\x1f\x7f]*$/i;
const WIDE = /[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Hangul}\u3000-\u303f\uff01-\uff60]/u;

export const isUsable = (url) => USABLE.test(url);
const isPlaceholder = (url) => ["", "#"].includes(url.trim());

function script(state, silent) {
  SCRIPT.lastIndex = state.pos;
  const match = SCRIPT.exec(state.src.slice(0, state.posMax));
  if (!match) return false;
  if (!silent) {
    const name = match[1] === "~" ? "sub" : "sup";
    state.push(`${name}_open`, name, 1);
    state.push("text", "", 0).content = match[2];
    state.push(`${name}_close`, name, -1);
  }
  state.pos = SCRIPT.lastIndex;
  return true;
}

function footnote(state, silent) {
  const { src, pos, posMax } = state;
  if (pos + 2 >= posMax || src[pos] !== "^" || src[pos + 1] !== "[") return false;
  const end = state.md.helpers.parseLinkLabel(state, pos + 1);
  if (end < 0) return false;
  if (!silent) {
    const tokens = [];
    state.md.inline.parse(src.slice(pos + 2, end), state.md, state.env, tokens);
    state.push("footnote_ref", "", 0).meta = { tokens };
  }
  state.pos = end + 1;
  state.posMax = posMax;
  return true;
}

const parser = new MarkdownIt("commonmark", { maxNesting: 960 });
parser.enable("table").disable(["code", "fence", "backticks", "html_block", "lheading", "reference"]);
parser.inline.ruler.after("image", "footnote_inline", footnote);
parser.inline.ruler.after("footnote_inline", "script", script);
parser.validateLink = () => true;
parser.normalizeLink = (url) => url;

// --- inlines ---

export function plain(inlines) {
  return inlines.map((one) => (one.kind === "text" ? one.text : one.kind === "break" ? " " : one.kind === "footnote" ? "" : plain(one.children))).join("");
}

function merged(children) {
  const joined = [];
  for (const child of children) {
    const last = joined.at(-1);
    if (child.kind === "text" && last?.kind === "text") joined[joined.length - 1] = { kind: "text", text: last.text + child.text };
    else joined.push(child);
  }
  return joined.map((one) => (one.kind === "text" ? { kind: "text", text: oneLine(one.text) } : one)).filter((one) => one.kind !== "text" || one.text);
}

// Line ends are spaces; between two wide characters (Chinese, Japanese) nothing.
function oneLine(text) {
  return text.split("\n").reduce((joined, line) => joined + (WIDE.test([...joined].at(-1) ?? "") && WIDE.test([...line][0] ?? "") ? "" : " ") + line);
}

function inlines(tokens) {
  const figures = [];
  const stack = [{ kind: "root", children: [] }];
  const finish = () => {
    const { kind, url, children } = stack.pop();
    stack.at(-1).children.push(kind === "link" ? { kind, url, children: merged(children) } : { kind, children: merged(children) });
  };
  const close = (kind) => {
    if (stack.at(-1).kind !== kind || stack.at(-1).tag) throw new Unusual("a tag that is not closed");
    finish();
  };
  for (const token of tokens) {
    const { children } = stack.at(-1);
    const mark = MARKS[token.type.replace(/_(open|close)$/, "")];
    if (mark) token.type.endsWith("_open") ? stack.push({ kind: mark, children: [] }) : close(mark);
    else if (token.type === "text" || token.type === "text_special") children.push({ kind: "text", text: token.content });
    else if (token.type === "softbreak") children.push({ kind: "text", text: "\n" });
    else if (token.type === "hardbreak") children.push({ kind: "break" });
    else if (token.type === "footnote_ref") children.push({ kind: "footnote", children: withoutFigures(token.meta.tokens) });
    else if (token.type === "link_open") {
      const url = token.attrGet("href").trim();
      if (token.attrGet("title") || !(isUsable(url) || isPlaceholder(url))) throw new Unusual("a link that cannot stand");
      stack.push({ kind: "link", url, children: [] });
    } else if (token.type === "link_close") close("link");
    else if (token.type === "image") figures.push(figure(token));
    else if (token.type === "html_inline") {
      const [, closing, name] = TAG.exec(token.content) ?? [];
      const kind = TAGS[name?.toLowerCase()];
      if (name?.toLowerCase() === "br" && !closing) children.push({ kind: "break" });
      else if (kind && !closing) stack.push({ kind, tag: true, children: [] });
      else if (kind && stack.at(-1).kind === kind && stack.at(-1).tag) finish();
      else throw new Unusual(token.content);
    } else throw new Unusual(token.type);
  }
  if (stack.length > 1) throw new Unusual("a tag that is not closed");
  return [merged(stack[0].children), figures];
}

function withoutFigures(tokens) {
  const [found, figures] = inlines(tokens);
  if (figures.length) throw new Unusual("a picture among words");
  return found;
}

function figure(token) {
  if (token.attrGet("title")) throw new Unusual("a picture's title");
  return { kind: "figure", source: token.attrGet("src") ?? "", alt: oneLine(plain(withoutFigures(token.children ?? []))), caption: [] };
}

// --- blocks ---

function captioned(found) {
  const built = [];
  for (const block of found) {
    if (block.kind !== "caption") { built.push(block); continue; }
    const before = built.at(-1);
    if (!["figure", "table"].includes(before?.kind) || before.caption.length) throw new Unusual("a caption of nothing");
    const [first, ...rest] = block.children;
    const text = first.text.replace(/^: ?/, "");
    before.caption = text ? [{ kind: "text", text }, ...rest] : rest;
  }
  return built;
}

function table(tokens, start) {
  const rows = [];
  const sides = [];
  let at = start + 1;
  for (; tokens[at].type !== "table_close"; at += 1) {
    const { type } = tokens[at];
    if (type === "tr_open") rows.push([]);
    if (type === "th_open") sides.push(/text-align:(left|center|right)/.exec(tokens[at].attrGet("style") ?? "")?.[1]);
    if (type === "inline") rows.at(-1).push(withoutFigures(tokens[at].children));
  }
  const alignment = sides.some(Boolean) ? sides.map((side) => side ?? "left") : [];
  return [{ kind: "table", header: rows[0], rows: rows.slice(1), alignment, caption: [] }, at];
}

function paragraph(token) {
  const [children, figures] = inlines(token.children);
  if (!figures.length) return children.length ? [{ kind: token.content.startsWith(": ") ? "caption" : "paragraph", children }] : [];
  if (children.some((one) => one.kind !== "text" || one.text.trim())) throw new Unusual("a picture among words");
  return figures;
}

// Read from *at* to the token that closes the container; return the blocks and where it ended.
function container(tokens, at, end) {
  const found = [];
  for (; at < tokens.length && tokens[at].type !== end; at += 1) {
    const token = tokens[at];
    if (token.type === "paragraph_open") found.push(...paragraph(tokens[(at += 2) - 1]));
    else if (token.type === "heading_open") found.push({ kind: "subheading", level: Number(token.tag[1]), children: withoutFigures(tokens[(at += 2) - 1].children) });
    else if (token.type === "blockquote_open") {
      let blocks;
      [blocks, at] = container(tokens, at + 1, "blockquote_close");
      found.push({ kind: "quote", blocks });
    } else if (token.type === "bullet_list_open" || token.type === "ordered_list_open") {
      const numbers = token.type === "ordered_list_open";
      const items = [];
      for (at += 1; tokens[at].type === "list_item_open"; at += 1) {
        let blocks;
        [blocks, at] = container(tokens, at + 1, "list_item_close");
        items.push(blocks);
      }
      found.push(numbers ? { kind: "numbers", start: Number(token.attrGet("start") ?? 1), items } : { kind: "bullets", items });
    } else if (token.type === "table_open") {
      let block;
      [block, at] = table(tokens, at);
      found.push(block);
    } else throw new Unusual(token.type);
  }
  return [captioned(found), at];
}

export function readBlocks(text) {
  if (/^ {0,3}\[\^?[^\]]+\]:/m.test(text)) throw new Unusual("a definition");
  return container(parser.parse(text, {}), 0, "")[0];
}

export function readInlines(text) {
  const [inline] = parser.parseInline(text.replace(/^[ \t\n]+|[ \t\n]+$/g, ""), {});
  return withoutFigures(inline.children ?? []);
}
