// HTML from a clipboard (Word, Google Docs, Excel, web pages) to the few tags that a rich field knows.
import { isUsable } from "./markdown-tree.js";
import { writeInlines } from "./markdown-text.js";

const GONE = "script, style, title, meta, link, xml, head, object, svg, canvas, video, audio, iframe, input, button, select, textarea, template, noscript, img, [hidden]";
const WORD_GONE = "del, [data-look*='mso-element:comment'], a[class*='msocomanchor' i], [class*='MsoCommentReference'], [data-look*='mso-list:ignore' i], [data-look*='display:none']";
const BLOCKS = "address, article, aside, blockquote, center, dd, div, dl, dt, figure, footer, form, h1, h2, h3, h4, h5, h6, header, hr, li, main, nav, ol, p, pre, section, table, ul";

const says = (element, pattern) => pattern.exec(element.dataset.look ?? "");

function unwrap(element) {
  element.replaceWith(...element.childNodes);
}

function renamed(element, name) {
  const other = element.ownerDocument.createElement(name);
  other.append(...element.childNodes);
  element.replaceWith(other);
  return other;
}

// What looks bold, italic, raised or lowered is so; what is bold in a heading is only a heading.
function formatted(body) {
  for (const element of body.querySelectorAll("b, strong, i, em, span, font, sup, sub, a, cite, dfn, ins, u")) {
    const weight = says(element, /(?:^|;)\s*font-weight:\s*(\w+)/i)?.[1];
    const slope = says(element, /(?:^|;)\s*font-style:\s*(\w+)/i)?.[1];
    const height = says(element, /(?:^|;)\s*vertical-align:\s*(super|sub)\b/i)?.[1];
    const inHeading = element.closest("h1, h2, h3, h4, h5, h6");
    const tags = [];
    const bold = /^(b|strong)$/i.test(element.tagName);
    const italic = /^(i|em|cite|dfn)$/i.test(element.tagName);
    if (!inHeading && (weight ? /^(bold|bolder|[6-9]00)$/i.test(weight) : bold)) tags.push("strong");
    if (slope ? /^(italic|oblique)$/i.test(slope) : italic) tags.push("em");
    if (height) tags.push(height === "super" ? "sup" : "sub");
    for (const tag of tags) {
      const inner = element.ownerDocument.createElement(tag);
      inner.append(...element.childNodes);
      element.append(inner);
    }
    if (!/^(a|sup|sub)$/i.test(element.tagName) && !element.dataset.footnote) unwrap(element);
  }
}

// Word writes a list as paragraphs that know their level; the bullet itself is text marked "Ignore".
function listed(body) {
  const lists = [];
  for (const paragraph of [...body.querySelectorAll("p, h1, h2, h3, h4, h5, h6")]) {
    const level = paragraph.localName === "p" ? Number(says(paragraph, /mso-list:\s*\S+\s+level(\d)/i)?.[1] ?? 0) : 0;
    if (!level) { lists.length = 0; continue; }
    const sign = paragraph.querySelector("[data-look*='mso-list:ignore' i]")?.textContent.trim() ?? "";
    const name = /^\(?(\d+|[a-z]|[ivx]+)[.)]/i.test(sign) ? "ol" : "ul";
    const before = paragraph.previousElementSibling;
    if (lists[0] !== before) lists.length = 0;
    lists.length = Math.min(lists.length, level);
    if (lists.length === level && lists.at(-1).localName !== name && level === 1) lists.length = 0;
    while (lists.length < level) {
      const list = body.ownerDocument.createElement(name);
      if (!lists.length) paragraph.before(list);
      else lists.at(-1).lastElementChild?.append(list) ?? lists.at(-1).append(list);
      if (name === "ol" && /^\d+/.test(sign)) list.setAttribute("start", /^\d+/.exec(sign)[0]);
      lists.push(list);
    }
    const item = body.ownerDocument.createElement("li");
    item.append(renamed(paragraph, "p"));
    lists.at(-1).append(item);
  }
}

// A footnote of Word's: the mark leads to "_ftn1", whose words stand at the end of what was copied.
function noted(body) {
  const notes = new Map();
  for (const note of body.querySelectorAll("[id^='ftn'], [id^='edn']")) {
    note.querySelectorAll("a[href*='ftnref'], a[href*='ednref']").forEach((one) => one.remove());
    notes.set(note.id, note.textContent.split(/\s+/).join(" ").trim());
    note.remove();
  }
  body.querySelectorAll("[data-look*='mso-element:footnote-list'], [data-look*='mso-element:endnote-list']").forEach((one) => one.remove());
  for (const mark of body.querySelectorAll("a[href*='#_ftn'], a[href*='#_edn']")) {
    const text = notes.get(/#_((?:ftn|edn)\d+)$/.exec(mark.getAttribute("href"))?.[1]);
    if (text) {
      const span = body.ownerDocument.createElement("span");
      span.dataset.footnote = writeInlines([{ kind: "text", text }]);
      span.textContent = "*";
      (mark.closest("sup") ?? mark).replaceWith(span);
    } else unwrap(mark);
  }
}

// A cell over several columns or rows becomes one cell and empty ones, so that no word moves to another column.
function gridded(body) {
  for (const cell of body.querySelectorAll("td[colspan], th[colspan]")) {
    for (let more = Math.min(Number(cell.getAttribute("colspan")) || 1, 50); more > 1; more -= 1) cell.after(body.ownerDocument.createElement(cell.localName));
  }
  for (const cell of body.querySelectorAll("td[rowspan], th[rowspan]")) {
    const at = [...cell.parentElement.children].indexOf(cell);
    let row = cell.parentElement;
    for (let more = Math.min(Number(cell.getAttribute("rowspan")) || 1, 200); more > 1; more -= 1) {
      row = row.nextElementSibling;
      if (!row) break;
      row.insertBefore(body.ownerDocument.createElement("td"), row.children[at] ?? null);
    }
  }
  for (const table of body.querySelectorAll("table")) {
    table.querySelectorAll("colgroup, col").forEach((one) => one.remove());
    if (table.parentElement.closest("table")) unwrap(table);
  }
}

function linked(body) {
  for (const link of body.querySelectorAll("a")) {
    const url = (link.getAttribute("href") ?? "").trim();
    if (!isUsable(url) || !link.textContent.trim()) unwrap(link);
    else link.setAttribute("href", url);
  }
}

// Blocks within a paragraph's place come apart; what has no block around it is left to the field.
function flattened(body) {
  for (const element of [...body.querySelectorAll("div, section, article, aside, main, header, footer, nav, center, address, dd, dt, dl, pre, form")].reverse()) {
    if (element.querySelector(BLOCKS)) unwrap(element);
    else renamed(element, "p");
  }
  for (const paragraph of body.querySelectorAll("p")) {
    if (!paragraph.textContent.trim() && !paragraph.querySelector("[data-footnote]") && !paragraph.closest("td, th")) paragraph.remove();
  }
}

// For a field of one paragraph each block is a line.
function asLine(body) {
  const isBreak = (node) => node?.nodeName === "BR" || (node?.nodeType === Node.TEXT_NODE && !node.data.trim());
  for (const block of body.querySelectorAll("p, h1, h2, h3, h4, h5, h6, ul, ol, li, blockquote, table, tbody, thead, tfoot, tr, td, th, caption, figure, figcaption")) {
    if (!["UL", "OL", "TABLE", "TBODY", "THEAD", "TFOOT", "TR"].includes(block.tagName)) block.before(body.ownerDocument.createElement("br"));
    unwrap(block);
  }
  while (isBreak(body.firstChild)) body.firstChild.remove();
  while (isBreak(body.lastChild)) body.lastChild.remove();
  for (const one of body.querySelectorAll("br + br")) one.remove();
}

// Return *html* as the field takes it in; what is our own (copied from another field) as it is.
export function cleaned(html, { line }) {
  if (/data-pm-slice/.test(html) && !line) return html;
  // Styles and handlers are looked at as text only: as such the policy of the page would speak up, rightly.
  const inert = html.replace(/<style\b[^]*?<\/style\s*>/gi, "").replace(/<[a-z][^<>]*>/gi, (tag) => tag.replace(/([\s"'])style=/gi, "$1data-look=").replace(/([\s"'])on[a-z]+=/gi, "$1data-gone="));
  const page = new DOMParser().parseFromString(inert, "text/html");
  for (const element of page.querySelectorAll("[data-look]")) {
    element.dataset.look = element.dataset.look.replace(/\s*:\s*/g, ":");
  }
  const body = cleanedBody(page.body);
  if (line) asLine(body);
  return body.innerHTML;
}

function cleanedBody(body) {
  const comments = body.ownerDocument.createTreeWalker(body, NodeFilter.SHOW_COMMENT);
  const dead = [];
  while (comments.nextNode()) dead.push(comments.currentNode);
  dead.forEach((one) => one.remove());
  body.querySelectorAll(GONE).forEach((one) => one.remove());
  noted(body);
  listed(body);
  body.querySelectorAll(WORD_GONE).forEach((one) => one.remove());
  for (const element of [...body.querySelectorAll("*")].filter((one) => one.localName.includes(":"))) unwrap(element);
  gridded(body);
  formatted(body);
  linked(body);
  flattened(body);
  for (const element of body.querySelectorAll("*")) {
    for (const { name } of [...element.attributes]) if (!["href", "start", "data-footnote"].includes(name)) element.removeAttribute(name);
  }
  return body;
}
