// The closed vocabulary of a rich field for ProseMirror, and the way between its documents and Markdown.
import { Schema } from "prosemirror-model";
import { tableNodes } from "prosemirror-tables";
import { readBlocks, readInlines, Unusual } from "./markdown-tree.js";
import { writeBlocks, writeInlines } from "./markdown-text.js";

const MARKS = ["link", "strong", "emphasis", "superscript", "subscript"];
const align = {
  default: null,
  getFromDOM: (dom) => dom.dataset.align || null,
  setDOMAttr: (value, attrs) => { if (value) attrs["data-align"] = value; },
};
const heading = (level) => ({ tag: `h${level}`, attrs: { level: Math.max(1, level - 1) } });

const common = {
  text: { group: "inline" },
  break: { inline: true, group: "inline", selectable: false, parseDOM: [{ tag: "br" }], toDOM: () => ["br"] },
  footnote: {
    inline: true, group: "inline", atom: true, attrs: { text: {} },
    parseDOM: [{ tag: "span[data-footnote]", getAttrs: (dom) => ({ text: dom.dataset.footnote }) }],
    toDOM: (node) => ["span", { class: "footnote-mark", "data-footnote": node.attrs.text }],
  },
  paragraph: { content: "inline*", group: "block", parseDOM: [{ tag: "p" }], toDOM: () => ["p", 0] },
};

const marks = {
  link: {
    attrs: { url: {} }, inclusive: false,
    parseDOM: [{ tag: "a[href]", getAttrs: (dom) => ({ url: dom.getAttribute("href") }) }],
    toDOM: (mark) => ["a", { href: mark.attrs.url }, 0],
  },
  strong: { parseDOM: [{ tag: "strong" }, { tag: "b" }], toDOM: () => ["strong", 0] },
  emphasis: { parseDOM: [{ tag: "em" }, { tag: "i" }], toDOM: () => ["em", 0] },
  superscript: { parseDOM: [{ tag: "sup" }], toDOM: () => ["sup", 0] },
  subscript: { parseDOM: [{ tag: "sub" }], toDOM: () => ["sub", 0] },
};

export const blockSchema = new Schema({
  nodes: {
    doc: { content: "block+" },
    ...common,
    subheading: {
      content: "inline*", group: "block", attrs: { level: { default: 1 } }, defining: true,
      parseDOM: [1, 2, 3, 4, 5, 6].map(heading),
      toDOM: ({ attrs: { level } }) => [`h${Math.min(6, level + 1)}`, 0],
    },
    bullets: { content: "item+", group: "block", parseDOM: [{ tag: "ul" }], toDOM: () => ["ul", 0] },
    numbers: {
      content: "item+", group: "block", attrs: { start: { default: 1 } },
      parseDOM: [{ tag: "ol", getAttrs: (dom) => ({ start: Math.max(0, Number.parseInt(dom.getAttribute("start") ?? 1, 10) || 0) }) }],
      toDOM: ({ attrs: { start } }) => ["ol", start === 1 ? {} : { start }, 0],
    },
    item: { content: "block+", defining: true, parseDOM: [{ tag: "li" }], toDOM: () => ["li", 0] },
    quote: { content: "block+", group: "block", defining: true, parseDOM: [{ tag: "blockquote" }], toDOM: () => ["blockquote", 0] },
    figure: {
      content: "inline*", group: "block", attrs: { source: {}, alt: { default: "" } }, isolating: true, defining: true,
      parseDOM: [{ tag: "figure[data-source]", contentElement: "figcaption", getAttrs: ({ dataset }) => ({ source: dataset.source, alt: dataset.alt }) }],
      toDOM: ({ attrs: { source, alt } }) => ["figure", { "data-source": source, "data-alt": alt }, ["figcaption", 0]],
    },
    framed: {
      content: "table caption", group: "block", isolating: true,
      parseDOM: [{ tag: "div[data-framed]" }], toDOM: () => ["div", { "data-framed": "", class: "framed" }, 0],
    },
    caption: { content: "inline*", isolating: true, parseDOM: [{ tag: "caption, p[data-caption]" }], toDOM: () => ["p", { "data-caption": "" }, 0] },
    ...tableNodes({ tableGroup: "", cellContent: "paragraph", cellAttributes: { align } }),
  },
  marks,
});

export const lineSchema = new Schema({ nodes: { doc: { content: "paragraph" }, ...common }, marks });

// --- Markdown to a document ---

function nodes(schema, inlines, set = []) {
  return inlines.flatMap((one) => {
    if (one.kind === "text") return [schema.text(one.text, set)];
    if (one.kind === "break") return [schema.nodes.break.create(null, null, set)];
    if (one.kind === "footnote") return [schema.nodes.footnote.create({ text: writeInlines(one.children) }, null, set)];
    return nodes(schema, one.children, schema.marks[one.kind].create(one.kind === "link" ? { url: one.url } : null).addToSet(set));
  });
}

function block(one) {
  const of = blockSchema.nodes;
  const words = (children) => nodes(blockSchema, children);
  const several = (blocks) => (blocks.length ? blocks.map(block) : [of.paragraph.create()]);
  switch (one.kind) {
    case "paragraph": return of.paragraph.create(null, words(one.children));
    case "subheading": return of.subheading.create({ level: one.level }, words(one.children));
    case "bullets": return of.bullets.create(null, one.items.map((blocks) => of.item.create(null, several(blocks))));
    case "numbers": return of.numbers.create({ start: one.start }, one.items.map((blocks) => of.item.create(null, several(blocks))));
    case "quote": return of.quote.create(null, several(one.blocks));
    case "figure": return of.figure.create({ source: one.source, alt: one.alt }, words(one.caption));
    default: {
      const row = (kind, cells) => of.table_row.create(null, cells.map((cell, at) =>
        of[kind].create({ align: one.alignment[at] ?? null }, of.paragraph.create(null, words(cell)))));
      const rows = [row("table_header", one.header), ...one.rows.map((cells) => row("table_cell", cells))];
      return of.framed.create(null, [of.table.create(null, rows), of.caption.create(null, words(one.caption))]);
    }
  }
}

function documentOf(tree, schema) {
  if (schema === lineSchema) return schema.node("doc", null, schema.node("paragraph", null, nodes(schema, tree)));
  return schema.node("doc", null, tree.length ? tree.map(block) : [schema.node("paragraph")]);
}

// --- a document to Markdown ---

const same = (one, other) => one.kind === other.kind && one.url === other.url;

// Nest the marks of a run of leaves: at each place the mark that goes on longest stands outermost.
function nested(leaves) {
  const built = [];
  for (let at = 0; at < leaves.length;) {
    const { marks: set, ...leaf } = leaves[at];
    if (!set.length) {
      const before = built.at(-1);
      if (leaf.kind === "text" && before?.kind === "text") before.text += leaf.text;
      else built.push(leaf);
      at += 1;
      continue;
    }
    const reach = (mark) => {
      let end = at + 1;
      while (end < leaves.length && leaves[end].marks.some((other) => same(mark, other))) end += 1;
      return end;
    };
    const mark = set.reduce((longest, other) => (reach(other) > reach(longest) ? other : longest));
    const end = reach(mark);
    const within = leaves.slice(at, end).map((each) => ({ ...each, marks: each.marks.filter((other) => !same(mark, other)) }));
    built.push({ ...mark, children: nested(within) });
    at = end;
  }
  return built;
}

function inlinesOf(node) {
  const leaves = [];
  node.forEach((child) => {
    const set = child.marks.map(({ type, attrs }) => (type.name === "link" ? { kind: "link", url: attrs.url } : { kind: type.name }));
    const kind = child.type.name;
    leaves.push({ marks: set, kind, ...(kind === "text" ? { text: child.text } : kind === "footnote" ? { children: readInlines(child.attrs.text) } : {}) });
  });
  return nested(leaves);
}

function blocksOf(parent) {
  const found = [];
  parent.forEach((node) => {
    const kind = node.type.name;
    const children = node.isTextblock ? inlinesOf(node) : [];
    if (kind === "paragraph") { if (children.length) found.push({ kind, children }); }
    else if (kind === "subheading") found.push({ kind, level: node.attrs.level, children });
    else if (kind === "figure") found.push({ kind, ...node.attrs, caption: children });
    else if (kind === "quote") { const blocks = blocksOf(node); if (blocks.length) found.push({ kind, blocks }); }
    else if (kind === "framed") found.push(tableOf(node));
    else found.push({ kind, ...node.attrs, items: node.children.map(blocksOf) });
  });
  return found;
}

function tableOf(node) {
  const [head, ...rows] = node.child(0).children.map((row) => row.children);
  const sides = head.map((cell) => cell.attrs.align);
  const words = (cell) => inlinesOf(cell.child(0));
  return {
    kind: "table", header: head.map(words), rows: rows.map((row) => row.map(words)),
    alignment: sides.some(Boolean) ? sides.map((side) => side ?? "left") : [], caption: inlinesOf(node.child(1)),
  };
}

// --- the door ---

const treeOf = (doc) => (doc.type.schema === lineSchema ? inlinesOf(doc.child(0)) : blocksOf(doc));

// The same whatever the order in which marks are nested: every sign with the marks it carries.
function flat(inlines, set = []) {
  return inlines.flatMap((one) => {
    const own = (more) => [...set, ...more].sort().join(" ");
    if (one.kind === "text") return [...one.text].map((sign) => sign + own([]));
    if (one.kind === "break") return [`break${own([])}`];
    if (one.kind === "footnote") return [`footnote${JSON.stringify(flat(one.children))}${own([])}`];
    if (!one.children.length) return [`empty ${one.kind}`];
    const mark = one.kind + (one.url ?? "");
    return flat(one.children, set.includes(mark) ? set : [...set, mark]);
  });
}

function said(tree) {
  const isInline = (value) => Array.isArray(value) && value.length > 0 && value.every((one) => [...MARKS, "text", "break", "footnote"].includes(one?.kind));
  return JSON.stringify(tree, (_, value) => (isInline(value) ? flat(value) : value));
}

// Return Markdown as a document; raise Unusual for what a rich field cannot hold without losing something of it.
export function toDocument(markdown, schema) {
  const tree = schema === lineSchema ? readInlines(markdown) : readBlocks(markdown);
  const doc = documentOf(tree, schema);
  doc.check();
  if (said(treeOf(doc)) !== said(tree)) throw new Unusual("something that would not come back as it was");
  return doc;
}

export function toMarkdown(doc) {
  return doc.type.schema === lineSchema ? writeInlines(treeOf(doc)) : writeBlocks(treeOf(doc));
}
