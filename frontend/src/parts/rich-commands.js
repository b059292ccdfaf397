// What can be done in a rich field: by toolbar, by key and by what is typed; each command as ProseMirror has them.
import { baseKeymap, chainCommands, lift, setBlockType, toggleMark, wrapIn } from "prosemirror-commands";
import { redo, undo } from "prosemirror-history";
import { InputRule, inputRules, textblockTypeInputRule, wrappingInputRule } from "prosemirror-inputrules";
import { liftListItem, sinkListItem, splitListItem, wrapInList } from "prosemirror-schema-list";
import { Plugin, TextSelection } from "prosemirror-state";
import { addColumnAfter, addRowAfter, deleteColumn, deleteRow, goToNextCell, isInTable, selectedRect } from "prosemirror-tables";
import { blockSchema } from "./rich-schema.js";

const of = blockSchema.nodes;

// The innermost node of one of *types* around the selection: [node, position, depth].
export function around(state, ...types) {
  const { $from } = state.selection;
  for (let depth = $from.depth; depth > 0; depth -= 1) {
    if (types.includes($from.node(depth).type)) return [$from.node(depth), $from.before(depth), depth];
  }
  return null;
}

function markActive(state, name) {
  const type = state.schema.marks[name];
  const { from, $from, to, empty } = state.selection;
  return Boolean(empty ? type.isInSet(state.storedMarks || $from.marks()) : state.doc.rangeHasMark(from, to, type));
}

export const insertBreak = (state, dispatch) => {
  if (!state.selection.$from.parent.isTextblock) return false;
  dispatch?.(state.tr.replaceSelectionWith(state.schema.nodes.break.create()).scrollIntoView());
  return true;
};

function list(type, other) {
  return (state, dispatch) => {
    const inside = around(state, type, other);
    if (inside?.[0].type === type) return liftListItem(of.item)(state, dispatch);
    if (inside) { dispatch?.(state.tr.setNodeMarkup(inside[1], type)); return true; }
    return wrapInList(type)(state, dispatch);
  };
}

const subheading = (level) => (state, dispatch) => {
  const inside = around(state, of.subheading);
  if (inside && inside[0].attrs.level === level) return setBlockType(of.paragraph)(state, dispatch);
  return setBlockType(of.subheading, { level })(state, dispatch);
};

const quote = (state, dispatch) => (around(state, of.quote) ? lift(state, dispatch) : wrapIn(of.quote)(state, dispatch));

function insertTable(state, dispatch) {
  if (around(state, of.framed, of.figure)) return false;
  const row = (type) => of.table_row.create(null, [0, 1, 2].map(() => type.createAndFill()));
  const frame = of.framed.create(null, [of.table.create(null, [row(of.table_header), row(of.table_cell), row(of.table_cell)]), of.caption.create()]);
  if (dispatch) {
    const tr = state.tr.replaceSelectionWith(frame);
    let at = 0;
    tr.doc.descendants((node, position) => { if (node === frame) at = position; return !at; });
    dispatch(tr.setSelection(TextSelection.near(tr.doc.resolve(at + 1))).scrollIntoView());
  }
  return true;
}

function removeTable(state, dispatch) {
  const frame = around(state, of.framed);
  if (!frame) return false;
  dispatch?.(state.tr.delete(frame[1], frame[1] + frame[0].nodeSize).scrollIntoView());
  return true;
}

const lastOf = (key, command) => (state, dispatch) => isInTable(state) && (selectedRect(state).map[key] === 1 ? removeTable : command)(state, dispatch);

function alignColumn(state, dispatch) {
  if (!isInTable(state)) return false;
  const { map, table, tableStart, left } = selectedRect(state);
  const sides = [null, "center", "right"];
  const next = sides[(sides.indexOf(table.nodeAt(map.map[left]).attrs.align) + 1) % 3];
  const { tr } = state;
  for (let row = 0; row < map.height; row += 1) {
    const at = map.map[row * map.width + left];
    tr.setNodeMarkup(tableStart + at, null, { ...table.nodeAt(at).attrs, align: next });
  }
  dispatch?.(tr);
  return true;
}

// From a caption or a heading Enter goes on with a paragraph below.
function leaveCaption(state, dispatch) {
  const inside = around(state, of.caption, of.figure);
  if (!inside) return false;
  const [node, position] = inside[0].type === of.caption ? around(state, of.framed) : inside;
  if (dispatch) {
    const end = position + node.nodeSize;
    const tr = state.tr.insert(end, of.paragraph.create());
    dispatch(tr.setSelection(TextSelection.create(tr.doc, end + 1)).scrollIntoView());
  }
  return true;
}

const plainAgain = (state, dispatch) => {
  const { $cursor } = state.selection;
  if (!$cursor || $cursor.parentOffset > 0 || $cursor.parent.type !== of.subheading) return false;
  return setBlockType(of.paragraph)(state, dispatch);
};

const inCell = (command) => (state, dispatch) => isInTable(state) && command(state, dispatch);

// By the name of their button: [command, whether it is on]. Link, footnote and picture ask first, see rich-dialogs.js.
export const deeds = {
  undo: [undo],
  redo: [redo],
  ...Object.fromEntries(["strong", "emphasis", "superscript", "subscript"].map((name) => [
    name,
    [(state, dispatch) => toggleMark(state.schema.marks[name])(state, dispatch), (state) => markActive(state, name)],
  ])),
  subheading: [subheading(1), (state) => Boolean(around(state, of.subheading))],
  bullets: [list(of.bullets, of.numbers), (state) => around(state, of.bullets, of.numbers)?.[0].type === of.bullets],
  numbers: [list(of.numbers, of.bullets), (state) => around(state, of.bullets, of.numbers)?.[0].type === of.numbers],
  quote: [quote, (state) => Boolean(around(state, of.quote))],
  table: [insertTable],
  "row-more": [inCell(addRowAfter)],
  "column-more": [inCell(addColumnAfter)],
  "row-less": [lastOf("height", deleteRow)],
  "column-less": [lastOf("width", deleteColumn)],
  align: [alignColumn],
  "table-away": [removeTable],
};
export const linkIsOn = (state) => markActive(state, "link");

const marksByKey = { "Mod-b": deeds.strong[0], "Mod-i": deeds.emphasis[0], "Mod-.": deeds.superscript[0], "Mod-,": deeds.subscript[0] };
const historyByKey = { "Mod-z": undo, "Shift-Mod-z": redo, "Mod-y": redo };

export const lineKeys = { ...baseKeymap, ...marksByKey, ...historyByKey, Enter: insertBreak, "Shift-Enter": insertBreak };
export const blockKeys = {
  ...baseKeymap,
  ...marksByKey,
  ...historyByKey,
  Enter: chainCommands(inCell(insertBreak), leaveCaption, splitListItem(of.item), baseKeymap.Enter),
  "Shift-Enter": insertBreak,
  Backspace: chainCommands(plainAgain, baseKeymap.Backspace),
  Tab: chainCommands(goToNextCell(1), sinkListItem(of.item)),
  "Shift-Tab": chainCommands(goToNextCell(-1), liftListItem(of.item)),
  "Mod-]": sinkListItem(of.item),
  "Mod-[": liftListItem(of.item),
  "Shift-Mod-8": deeds.bullets[0],
  "Shift-Mod-7": deeds.numbers[0],
  "Shift-Mod-9": quote,
  "Mod-Alt-0": setBlockType(of.paragraph),
  "Mod-Alt-1": subheading(1),
  "Mod-Alt-2": subheading(2),
  "Mod-Alt-3": subheading(3),
};

export const typedRules = inputRules({
  rules: [
    textblockTypeInputRule(/^(#{1,3})\s$/, of.subheading, ([, signs]) => ({ level: signs.length })),
    wrappingInputRule(/^\s*[-*]\s$/, of.bullets),
    wrappingInputRule(/^(\d{1,4})\.\s$/, of.numbers, ([, start]) => ({ start: Number(start) }), ([, start], node) => node.childCount + node.attrs.start === Number(start)),
    wrappingInputRule(/^\s*>\s$/, of.quote),
  ].map((rule) => new InputRule(rule.match, (state, match, start, end) => (around(state, of.table, of.caption, of.figure) ? null : rule.handler(state, match, start, end)))),
});

// The first row of a table is its head, whatever is added or taken away.
export const headRows = new Plugin({
  appendTransaction(transactions, _, { doc, tr }) {
    if (!transactions.some((one) => one.docChanged)) return null;
    doc.descendants((table, at) => {
      if (table.type !== of.table) return !table.isTextblock;
      table.forEach((row, offset, index) => row.forEach((cell, within) => {
        const type = index ? of.table_cell : of.table_header;
        if (cell.type !== type) tr.setNodeMarkup(at + offset + within + 2, type);
      }));
      return false;
    });
    return tr.docChanged ? tr : null;
  },
});
