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
