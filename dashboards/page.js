document.getElementById("theme").addEventListener("click", (event) => {
  const address = new URL(window.location.href);
  address.searchParams.set("theme", event.currentTarget.dataset.theme);
  window.location.assign(address);
});

// Back and forward change only the address, so the page of that address is loaded here. An address that a page
// writes before the visitor has done anything is not a step in the history: going back would stop there.
let touched = false; // navigator.userActivation would remember the click that led here
for (const kind of ["pointerdown", "keydown"]) {
  window.addEventListener(kind, () => { touched = true; }, { capture: true, once: true });
}
let shown = window.location.search;
const push = window.history.pushState;
window.history.pushState = function (...state) {
  (touched ? push : this.replaceState).apply(this, state);
  shown = window.location.search;
};
window.addEventListener("popstate", () => {
  if (window.location.search !== shown) {
    window.location.reload();
  }
});

// Bokeh 3.9 does two things for every axis and every glyph each time it paints, after which the browser computes the
// page's styles again; without them painting takes half the time while a slider moves. A Bokeh without these names
// is not changed.
// First, it writes a stylesheet, nearly always the present one: an equal one is not written.
const { InlineStyleSheet } = window.Bokeh?.require?.("core/dom") ?? {};
const write = InlineStyleSheet?.prototype._update;
if (write !== undefined) {
  InlineStyleSheet.prototype._update = function (css) {
    if (this.el.textContent !== css) {
      write.call(this, css);
    }
  };
}
// Second, it reads CSS variables for colours and widths: these pages set none.
const { VisualProperties } = window.Bokeh?.require?.("core/visuals/visual") ?? {};
if (VisualProperties?.prototype._get_css_value !== undefined) {
  VisualProperties.prototype._get_css_value = () => "";
}

// Panel 1.9 drops rows that arrive while a table is being built (setData), and the table stays empty: here they are
// set once it is built.
const table = window.Bokeh?.Models?.get?.("panel.models.tabulator.DataTabulator");
const built = table?.prototype.default_view?.prototype.tableBuilt;
if (built !== undefined) {
  table.prototype.default_view.prototype.tableBuilt = function () {
    built.call(this);
    nameParts(this.tabulator.element);
    void this.setData().then(() => this.postUpdate());
    // Tabulator handles Tab in the last cell that can be edited, and Shift+Tab in the first: the focus stays there.
    const { element, rowManager, modules: { edit } } = this.tabulator;
    element.addEventListener("focusin", ({ target }) => {
      const cell = edit.currentCell;
      if (cell && target.matches("input")) { // the field of the cell, which has no name
        target.setAttribute("aria-label", `${cell.column.definition.title} of row ${cell.row.getPosition()}`);
      }
    });
    element.addEventListener("keydown", (event) => {
      const cell = edit.currentCell;
      if (event.key !== "Tab" || !cell) {
        return;
      }
      const { row } = cell;
      const other = event.shiftKey ? rowManager.prevDisplayRow(row, true) : rowManager.nextDisplayRow(row, true);
      const goes = event.shiftKey
        ? edit.findPrevEditableCell(row, cell.getIndex()) || (other && edit.findPrevEditableCell(other, other.cells.length))
        : edit.findNextEditableCell(row, cell.getIndex()) || (other && edit.findNextEditableCell(other, -1));
      if (!goes) {
        event.stopPropagation();
        const stop = cell.getElement();
        stop.tabIndex = -1; // the cell around its field is skipped on the way back
        setTimeout(() => { stop.tabIndex = 0; });
      }
    }, true);
  };
}

// In a grid screen readers expect rows and cells alone: Tabulator puts there a stop for the keyboard around the rows,
// whose cells have stops of their own, and the buttons of the pages.
function nameParts(grid) {
  const roles = {
    ".tabulator-footer": "rowgroup", ".tabulator-footer-contents": "row", ".tabulator-paginator": "gridcell",
  };
  for (const [selector, role] of Object.entries(roles)) {
    grid.querySelectorAll(selector).forEach((part) => part.setAttribute("role", role));
  }
  grid.querySelectorAll(".tabulator-tableholder").forEach((holder) => holder.removeAttribute("tabindex"));
}

// Bokeh 3.9 does not tell screen readers which button of a group is pressed.
const group = window.Bokeh?.Models?.get?.("RadioButtonGroup")?.prototype.default_view?.prototype;
const press = group?._update_active;
if (press !== undefined) {
  group._update_active = function () {
    press.call(this);
    this._buttons.forEach((button, number) => {
      button.setAttribute("aria-pressed", String(number === this.model.active));
    });
  };
}

// The table of runs has one tab stop for the heads and one for each item of a row (tick, flow, theory), for any number
// of rows; arrow keys, Home and End lead to the other rows and heads, Enter sorts by a head. Tabulator has a tab stop
// for each cell and each tick, and none for the heads.
const begin = table?.prototype.default_view?.prototype.tableBuilt;
if (begin !== undefined) {
  table.prototype.default_view.prototype.tableBuilt = function () {
    begin.call(this);
    if (this.model.css_classes.includes("runs")) {
      lead(this.tabulator, ".tabulator-row", "input[type=checkbox], a", ["ArrowUp", "ArrowDown"]);
      lead(this.tabulator, ".tabulator-col.tabulator-sortable[tabulator-field]", null, ["ArrowLeft", "ArrowRight"]);
      widen(this.tabulator, "run");
    }
  };
}

// One column takes the width that the others leave. Tabulator has a layout for that, in which Panel 1.9 can't say the
// column's least width: on a phone it would vanish.
function widen(table, field) {
  const least = table.getColumn(field).getWidth();
  const fill = () => {
    if (!table.initialized || table.element.clientWidth === 0) { // it is hidden, or another one is in its place
      return;
    }
    const column = table.getColumn(field);
    const others = table.getColumns().filter((one) => one.isVisible() && one !== column);
    const taken = others.reduce((sum, one) => sum + one.getWidth(), 2);
    const width = Math.max(least, table.element.clientWidth - taken);
    if (column.getWidth() !== width) {
      column.setWidth(width);
      table.getRows("visible").forEach((row) => row.normalizeHeight());
    }
  };
  new ResizeObserver(fill).observe(table.element);
  for (const what of ["renderComplete", "columnVisibilityChanged"]) { // new rows bring back the first width
    table.on(what, fill);
  }
}

function lead(table, groups, within, [back, forth]) {
  const root = table.element;
  const all = () => [...root.querySelectorAll(groups)].filter((group) => group.offsetWidth > 0);
  const stops = (group) => within === null ? [group] : [...group.querySelectorAll(within)];
  let current = 0;
  const settle = () => {
    root.querySelectorAll(".tabulator-cell").forEach((dead) => { dead.tabIndex = -1; });
    const found = all();
    current = Math.max(0, Math.min(current, found.length - 1));
    found.forEach((group, number) => {
      stops(group).forEach((stop) => { stop.tabIndex = number === current ? 0 : -1; });
    });
  };
  root.addEventListener("focusin", (event) => {
    const found = all().findIndex((group) => group.contains(event.target));
    if (found >= 0) {
      current = found;
      settle();
    }
  });
  root.addEventListener("keydown", (event) => {
    const found = all();
    const here = found.findIndex((group) => group.contains(event.target));
    if (here < 0) {
      return;
    }
    if (within === null && event.key === "Enter") {
      event.target.click();
      return;
    }
    const places = { [back]: here - 1, [forth]: here + 1, Home: 0, End: found.length - 1 };
    const to = found[places[event.key]];
    if (event.key in places) {
      event.preventDefault();
      event.stopPropagation();
    }
    if (to !== undefined) {
      const which = Math.max(0, stops(found[here]).indexOf(event.target));
      stops(to)[Math.min(which, stops(to).length - 1)]?.focus();
    }
  }, true);
  for (const what of ["renderComplete", "dataSorted", "pageLoaded", "tableBuilt"]) {
    table.on(what, settle);
  }
  settle();
}

// Bokeh 3.9 and Panel 1.9 leave these without a name for screen readers: the handle of a slider, whose value is said as
// the number of its stop; the buttons of a player and of a number's field; the head of a card.
function whenRendered(name, act) {
  const view = window.Bokeh?.Models?.get?.(name)?.prototype.default_view?.prototype;
  const before = view?.render;
  if (before !== undefined) {
    view.render = function (...given) {
      before.apply(this, given);
      act(this);
    };
  }
}

function label(view, names) {
  for (const [selector, name] of Object.entries(names)) {
    view.shadow_el.querySelectorAll(selector).forEach((found) => {
      found.setAttribute("aria-label", name);
      found.title ||= name;
    });
  }
}

whenRendered("Slider", (view) => {
  const handle = view.shadow_el.querySelector(".noUi-handle");
  if (handle === null) {
    return;
  }
  handle.setAttribute("aria-label", view.model.title);
  const say = () => {
    const text = view.shadow_el.querySelector(".bk-slider-value")?.textContent
      ?? view.shadow_el.querySelector(".bk-slider-title")?.textContent.split(": ").at(-1);
    if (text && handle.getAttribute("aria-valuetext") !== text) {
      handle.setAttribute("aria-valuetext", text);
    }
  };
  new MutationObserver(say).observe(handle, { attributeFilter: ["aria-valuetext"] });
  say();
});
// Bokeh 3.9 lets Tab stop at each plot, where no key does anything: a click still gives it the focus.
whenRendered("Canvas", (view) => { view.events_el.tabIndex = -1; });
// Panel 1.9 places a player's frame before its end, and a browser then limits it to 100: here it is placed again.
whenRendered("panel.models.widgets.Player", (view) => {
  view.shadow_el.querySelector("input[type=range]").value = String(view.model.value);
});
whenRendered("panel.models.widgets.Player", (view) => label(view, {
  "input[type=range]": view.model.title, ".slower": "Slower", ".first": "First frame", ".previous": "Previous frame",
  ".reverse": "Play backwards", ".pause": "Pause", ".play": "Play", ".next": "Next frame", ".last": "Last frame",
  ".faster": "Faster",
}));
whenRendered("Spinner", (view) => label(view, {
  ".bk-spin-btn-up": `${view.model.title}: more`, ".bk-spin-btn-down": `${view.model.title}: less`,
}));
whenRendered("panel.models.layout.Card", (view) => {
  const head = view.shadow_el.querySelector("button.card-header");
  const say = () => head?.setAttribute("aria-expanded", String(!view.model.collapsed));
  const title = view.model.children[0]?.children?.[0]?.text ?? ""; // as HTML whose own characters are escaped
  const plain = (text) => new DOMParser().parseFromString(text, "text/html").body.textContent;
  head?.setAttribute("aria-label", plain(plain(title)) || "More");
  view.connect(view.model.properties.collapsed.change, say);
  say();
});
whenRendered("Checkbox", (view) => {
  const box = view.shadow_el.querySelector("input[type=checkbox]");
  box?.setAttribute("aria-label", view.model.label);
});
