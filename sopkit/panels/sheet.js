// The widget around Tabulator: draws the rows that Python sends, and tells Python what a person
// typed, pasted, took back or looks at. No number is read here.
const field = (place) => `c${place}`;
const place = (cell) => Number(cell.getField().slice(1));

function render({ model, el }) {
  const box = document.createElement("div");
  box.className = "sheet";
  const holder = box.appendChild(document.createElement("div"));
  el.appendChild(box);
  let table, ready, known, wide, pressed = null, looked = "";

  const others = setInterval(() => document.hidden || tell("wake", {}), 20000); // what others saved
  const tell = (kind, content) => model.send({ kind, ...content });
  const row = (id) => model.get("rows").find((one) => one.id === id);
  const said = (cell) => row(cell.getRow().getIndex())?.cells[place(cell)] ?? ["", "", ""];
  const flat = ({ id, head, cells }) =>
    cells.reduce((all, [text], at) => ({ ...all, [field(at)]: text }), { id, head });

  function paint(cell) {
    const [text, marks, tip] = said(cell);
    const one = cell.getElement();
    one.dataset.marks = marks + (row(cell.getRow().getIndex())?.edit ? " edit" : "");
    one.title = tip;
    return document.createTextNode(text); // what a person typed is text
  }

  function editor(cell, rendered, success, cancel) {
    const input = document.createElement("input"), fresh = pressed, before = cell.getValue();
    pressed = null;
    input.value = fresh ?? before;
    rendered(() => { input.focus(); if (fresh === null) input.select(); });
    let open = true;
    const end = (way) => {
      if (!open) return;
      open = false;
      const text = input.value, id = cell.getRow().getIndex(), column = place(cell);
      cancel();
      if (text !== before) tell("edit", { cells: [[id, column, text]] });
      if (way) table.modules.selectRange.navigate(false, false, way);
    };
    const ways = { Enter: "down", Tab: "right" };
    if (fresh !== null)
      Object.assign(ways, { ArrowUp: "up", ArrowDown: "down", ArrowLeft: "left", ArrowRight: "right" });
    input.addEventListener("blur", () => end());
    input.addEventListener("keydown", (event) => {
      event.stopPropagation();
      if (event.key === "Escape") { open = false; cancel(); }
      const way = ways[event.key];
      if (!way) return;
      event.preventDefault();
      end(event.shiftKey ? { down: "up", right: "left" }[way] ?? way : way);
    });
    return input;
  }

  const range = () => table.getRanges()[0];
  const cells = () => range()?.getCells().flat().filter((cell) => cell.getField() !== "head") ?? [];

  function look() {
    const all = cells();
    if (!all.length) return;
    const content = { row: all[0].getRow().getIndex(), first: place(all[0]), last: place(all.at(-1)) };
    if (JSON.stringify(content) === looked) return;
    looked = JSON.stringify(content);
    tell("look", content);
  }

  function draw() {
    table?.destroy();
    known = wide = null;
    let later;
    table = new TabulatorFull(holder, {
      index: "id",
      data: model.get("rows").map(flat),
      rowHeader: { title: model.get("corner"), field: "head", frozen: true, headerSort: false, resizable: false, width: 172, cssClass: "head" },
      columns: model.get("columns").map((title, at) => ({
        title, field: field(at), width: 61, hozAlign: "right", headerHozAlign: "right", headerSort: false, resizable: false,
        formatter: paint, editor, editable: (cell) => row(cell.getRow().getIndex())?.edit ?? false,
      })),
      editTriggerEvent: "dblclick", selectableRange: 1, selectableRangeRows: true, selectableRangeColumns: true,
      selectableRangeInitializeDefault: false, clipboard: "copy", clipboardCopyStyled: false, clipboardCopyRowRange: "range",
      clipboardCopyConfig: { columnHeaders: false, rowHeaders: false }, headerSortClickElement: "icon", maxHeight: "100%",
    });
    table.on("rangeChanged", () => { clearTimeout(later); later = setTimeout(look, 120); });
    ready = new Promise((done) => table.on("tableBuilt", done));
    ready.then(show);
    ready.then(settle);
  }

  // What surrounds the sheet: keys are the panel's, not the notebook's, and the picture has a room.
  let resized;
  function settle() {
    const panel = box.closest(".tuner");
    if (!panel || resized) return;
    panel.tabIndex = -1; // the notebook looks no further up than what has the focus
    panel.addEventListener("focusin", (event) => event.target.setAttribute("data-lm-suppress-shortcuts", "true"));
    const picture = panel.querySelector(".picture");
    resized = new ResizeObserver(() => tell("room", { width: picture.clientWidth }));
    resized.observe(picture);
  }

  async function show() {
    await ready;
    const rows = model.get("rows"), columns = table.getColumns().slice(1);
    const longest = (at) => Math.max(...rows.map((one) => one.cells[at][0].length));
    const widths = columns.map((_, at) => Math.max(61, 7 * Math.min(longest(at), 14) + 26)); // with its mark
    if (widths.join() !== wide) {
      wide = widths.join();
      columns.forEach((column, at) => column.setWidth(widths[at]));
    }
    const ids = rows.map((one) => `${one.id}${one.head}`).join();
    if (ids !== known) {
      known = ids;
      looked = "";
      await table.replaceData(rows.map(flat));
      return;
    }
    for (const one of table.getRows())
      for (const cell of one.getCells().slice(1)) {
        const text = said(cell)[0];
        if (cell.getValue() !== text) cell.setValue(text, false);
        else paint(cell);
      }
  }

  box.addEventListener("keydown", (event) => {
    if (event.target.tagName === "INPUT") return;
    const key = event.key.toLowerCase(), held = event.ctrlKey || event.metaKey;
    const cell = cells()[0];
    if (held && key === "z" && !event.shiftKey) tell("step", { source: "past", other: "future" });
    else if (held && (key === "y" || key === "z")) tell("step", { source: "future", other: "past" });
    else if (key === "delete" || key === "backspace")
      tell("edit", { cells: cells().map((one) => [one.getRow().getIndex(), place(one), ""]) });
    else if (key === "escape") box.closest(".tuner")?.querySelector(".entry select").focus(); // Tab stays inside
    else if (cell && !held && !event.altKey && event.key.length === 1) {
      if (row(cell.getRow().getIndex()).edit) { pressed = event.key; cell.edit(); }
    } else if (cell && (key === "f2" || key === "enter")) cell.edit();
    else if (cell && (key === "home" || key === "end")) {
      const columns = table.getColumns(), end = held && table.getRows().at(key === "home" ? 0 : -1);
      const to = (end || cell.getRow()).getCell(columns.at(key === "home" ? 1 : -1));
      range().setBounds(event.shiftKey ? cell : to, to);
      holder.querySelector(".tabulator-tableholder").scrollLeft = key === "home" ? 0 : 1e6;
    }
    else return;
    event.preventDefault();
    event.stopPropagation();
  }, true);

  // A paste reaches whatever the document has selected, so it is caught where the focus is.
  function paste(event) {
    if (!box.contains(document.activeElement)) return;
    const text = event.clipboardData.getData("text/plain"), input = document.activeElement;
    if (input.tagName === "INPUT") {
      if (!/[\t\n]/.test(text)) return;
      input.dispatchEvent(new KeyboardEvent("keydown", { key: "Escape" }));
    }
    event.preventDefault();
    event.stopPropagation();
    const cell = cells()[0];
    if (cell) tell("paste", { row: cell.getRow().getIndex(), column: place(cell), text });
  }
  document.addEventListener("paste", paste, true);

  model.on("change:rows", show);
  model.on("change:columns", draw);
  draw();
  return () => {
    document.removeEventListener("paste", paste, true);
    resized?.disconnect();
    clearInterval(others);
    table.destroy();
  };
}

export default { render };
