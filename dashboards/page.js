document.getElementById("theme").addEventListener("click", (event) => {
  const address = new URL(window.location.href);
  address.searchParams.set("theme", event.currentTarget.dataset.theme);
  window.location.assign(address);
});

// Two things that Bokeh 3.9 does for every axis and every glyph each time that it paints, and that make the browser
// work out the page's styles again; without them painting takes half of the time while a slider moves. In another
// Bokeh that lacks these names nothing is changed.
// It writes a stylesheet, nearly always the one that is there: what is the same stays.
const { InlineStyleSheet } = window.Bokeh?.require?.("core/dom") ?? {};
const write = InlineStyleSheet?.prototype._update;
if (write !== undefined) {
  InlineStyleSheet.prototype._update = function (css) {
    if (this.el.textContent !== css) {
      write.call(this, css);
    }
  };
}
// It asks for CSS variables that would change a colour or a width: these pages set none, Python does.
const { VisualProperties } = window.Bokeh?.require?.("core/visuals/visual") ?? {};
if (VisualProperties?.prototype._get_css_value !== undefined) {
  VisualProperties.prototype._get_css_value = () => "";
}

// Panel 1.9 forgets rows that come while a table is being built (setData), and the table stays empty: what came
// meanwhile is taken once it is built.
const table = window.Bokeh?.Models?.get?.("panel.models.tabulator.DataTabulator");
const built = table?.prototype.default_view?.prototype.tableBuilt;
if (built !== undefined) {
  table.prototype.default_view.prototype.tableBuilt = function () {
    built.call(this);
    void this.setData().then(() => this.postUpdate());
  };
}

// Bokeh 3.9 shows which button of a group is pressed to the eye alone.
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
