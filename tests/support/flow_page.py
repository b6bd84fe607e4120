"""What the tests of the Flow page ask a browser."""

import io
from urllib.parse import parse_qs, urlsplit

import numpy as np
from PIL import Image

from pipeline import generate_data, initialise, load_config, simulate

MODELS = """
const models = Bokeh.documents.flatMap((document) => [...document._all_models.values()])
const columns = (source) => source.data instanceof Map ? Object.fromEntries(source.data) : source.data
"""
LOSS = f"""() => {{
  {MODELS}
  const found = models.filter((model) => model.type === "ColumnDataSource").map(columns).find(
    (data) => data.log10_loss && data.t.length > 30 && typeof data.t[0] === "number")
  return found ? {{t: Array.from(found.t), loss: Array.from(found.loss)}} : null
}}"""
"""What the browser has of the curve of the loss."""
FRAME = f"() => {{ {MODELS} return models.find((model) => model.type.endsWith('Player')).value }}"


def colours(figure):
    """How many colours are seen of a figure: a blank one has those of its frame."""
    picture = Image.open(io.BytesIO(figure.screenshot())).convert("RGB").quantize(64)
    return len(picture.getcolors())


def loss_of(page):
    """Wait for a curve and return it."""
    page.wait_for_function(f"({LOSS})() !== null")
    return page.evaluate(LOSS)


def simulated(**overrides):
    """The curve of the loss as the solver gives it."""
    config = load_config("orthogonal", overrides)
    data = generate_data(config.data)
    trajectory = simulate(data, initialise(data, config.init))
    return trajectory["time"].values, trajectory["loss"].values


def agrees(found, **overrides):
    time, loss = simulated(**overrides)
    return np.abs(np.interp(found["t"], time, loss) - found["loss"]).max() < 5e-3


def query(page):
    return {key: values[0] for key, values in parse_qs(urlsplit(page.url).query).items()}


def slider(page, name):
    """The handle of a slider, by the beginning of its title."""
    return page.locator(".bk-input-group", has_text=name).first.locator(".noUi-handle")


def place(page, x, y):
    """Where a point of the network's picture is on the screen."""
    return page.evaluate(
        f"""([x, y]) => {{
          {MODELS}
          const plot = models.find((model) => model.type === "Figure" && model.title?.text === "The network")
          const {{ canvas_view, frame }} = Bokeh.index.find_one(plot)
          const box = canvas_view.el.getBoundingClientRect()
          return [box.left + frame.x_scale.compute(x), box.top + frame.y_scale.compute(y)]
        }}""",
        [x, y],
    )
