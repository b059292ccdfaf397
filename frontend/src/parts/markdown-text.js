// The tree of rich text to Markdown, word for word as newsletter/manuscripts/markdown_text.py writes it.
const SPECIAL = /[\\*_[\]<^~]|&(?=[A-Za-z0-9#]+;)|!(?=$|\[)/g;
const LINE_START = /^(?:([#>+\-:|=])|(\p{Nd}{1,9})([.)])(?=\s|$))/u;
const INVISIBLE = /[\p{Zs}\p{Zl}\p{Zp}\p{Cc}\p{Cf}]/gu;
const isAlnum = (sign) => /^[\p{L}\p{N}]$/u.test(sign);
const isSpace = (sign) => /^[^\S\ufeff]$/u.test(sign);
const first = (text) => [...text][0] ?? "";
const last = (text) => [...text].at(-1) ?? "";

function writeText(text) {
  const escaped = text.replaceAll("\n", " ").replace(SPECIAL, (sign) => (sign === "&" ? "&amp;" : `\\${sign}`));
  return escaped.replace(INVISIBLE, (sign) => {
    if (sign === " ") return sign;
    if (sign === "\xa0") return "&nbsp;";
    return sign === "\xad" ? "&shy;" : `&#${sign.codePointAt(0)};`;
  });
}

function guardEnds(written) {
  return written.replace(/^ /, "&#32;").replace(/ $/, "&#32;");
}

export function writeInlines(inlines) {
  return guardEnds(run(inlines, false));
}

function run(inlines, marked) {
  let written = "";
  inlines.forEach((one, at) => {
    const after = inlines[at + 1];
    if (one.kind === "text") written += writeText(one.text);
    else if (one.kind === "strong") written += marks(one.children, "**", "strong", written, after, marked);
    else if (one.kind === "emphasis") written += marks(one.children, "*", "em", written, after, marked);
    else if (one.kind === "superscript") written += script(one.children, "^", "sup", marked);
    else if (one.kind === "subscript") written += script(one.children, "~", "sub", marked);
    else if (one.kind === "link") written += `[${run(one.children, marked)}](${destination(one.url)})`;
    else if (one.kind === "footnote") written += `^[${guardEnds(run(one.children, marked))}]`;
    else written += "<br>";
  });
  return written;
}

// Marks where CommonMark's flanking rules (§6.2) surely read them, else tags.
function marks(children, mark, tag, before, after, marked) {
  const inner = run(children, true);
  const following = after === undefined ? "" : after.kind === "text" ? first(after.text) : "x";
  const sure = !marked && inner !== "" && isAlnum(first(inner)) && !" \\*".includes(last(inner))
    && (!before || isSpace(last(before)) || "(“‘—–/".includes(last(before)))
    && (!following || isSpace(following) || ".,;:!?)”’—–/".includes(following)
      || (isAlnum(last(inner)) && !isAlnum(following) && !"*_<".includes(following)));
  return sure ? `${mark}${inner}${mark}` : `<${tag}>${inner}</${tag}>`;
}

function script(children, mark, tag, marked) {
  const [only] = children;
  if (children.length === 1 && only.kind === "text" && /^[A-Za-z0-9]+$/.test(only.text)) return mark + only.text + mark;
  return `<${tag}>${run(children, marked)}</${tag}>`;
}

function destination(url) {
  let written = url.replaceAll("\\", "\\\\");
  if (/&[A-Za-z0-9#]+;/.test(url)) written = written.replaceAll("&", "&amp;");
  if (url && !/[\s()<>|]/.test(url)) return written;
  return `<${written.replace(/[<>]/g, "\\$&").replaceAll("|", "&#124;")}>`;
}

export function writeBlocks(blocks) {
  let second = false;
  return blocks.map((block, at) => {
    // Two lists in a row would read as one; a different mark keeps them apart (CommonMark §5.3).
    second = block.kind === blocks[at - 1]?.kind ? !second : false;
    return writeBlock(block, second);
  }).join("\n\n");
}

function writeBlock(block, second) {
  switch (block.kind) {
    case "paragraph": return line(block.children);
    case "subheading": return `${"#".repeat(Math.min(6, block.level))} ${writeInlines(block.children).replace(/#$/, "\\#")}`.replace(/ +$/, "");
    case "bullets": return items(block.items, block.items.map(() => (second ? "*" : "-")));
    case "numbers": return items(block.items, block.items.map((_, at) => `${block.start + at}${second ? ")" : "."}`));
    case "quote": return writeBlocks(block.blocks).split("\n").map((each) => `> ${each}`.replace(/ +$/, "")).join("\n");
    case "figure": return `![${writeText(block.alt)}](${destination(block.source)})${caption(block.caption)}`;
    default: return table(block) + caption(block.caption);
  }
}

// The first characters of a paragraph must not be read as a list, a heading or a quote.
function line(children) {
  const written = writeInlines(children);
  const match = LINE_START.exec(written);
  if (!match) return written;
  return match[2] ? `${match[2]}\\${match[3]}${written.slice(match[0].length)}` : `\\${written}`;
}

function caption(children) {
  return children.length ? `\n\n: ${writeInlines(children)}` : "";
}

function items(all, signs) {
  const tight = all.every((blocks) => blocks.length < 2);
  return all.map((blocks, at) => {
    const indent = " ".repeat(signs[at].length + 1);
    return writeBlocks(blocks).split("\n").map((each, row) => `${row ? indent : `${signs[at]} `}${each}`.replace(/ +$/, "")).join("\n");
  }).join(tight ? "\n" : "\n\n");
}

function table({ header, rows, alignment }) {
  const rules = { left: ":---", center: ":---:", right: "---:" };
  const cells = (row) => row.map((cell) => writeInlines(cell).replaceAll("|", "&#124;"));
  const rule = alignment.length ? alignment.map((side) => rules[side]) : header.map(() => "---");
  return [cells(header), rule, ...rows.map(cells)].map((row) => `| ${row.join(" | ")} |`).join("\n");
}
