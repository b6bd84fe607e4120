"""From records to pages: Jinja puts a run's numbers into the texts of ``prose/``."""

from __future__ import annotations

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from catalog.schema import PAPER_STATEMENTS
from docs.gallery.recording import kept
from pipeline.network.names import kind_in_words, plateau_name

HERE = Path(__file__).parent
PROSE = HERE / "prose"
NEVER = "never"
"""A time or a number that a run does not have is null in its record."""


def number(value: float | None, digits: int = 4) -> str:
    """Write a number to so many digits, as mathematics with a power of ten where that is shorter."""
    if value is None:
        return NEVER
    if value == 0 or 1e-4 <= abs(value) < 1e6:
        return f"{value:,.{digits}g}" if abs(value) < 1000 else f"{value:,.0f}"
    mantissa, exponent = f"{value:.{digits - 1}e}".split("e")
    return rf"${mantissa} \times 10^{{{int(exponent)}}}$"


def fixed(value: float, places: int = 6) -> str:
    """Write a number with so many decimals, for two that are to be compared."""
    return f"{value:.{places}f}"


def percent(share: float) -> str:
    """Write a share of one in per cent."""
    return f"{100 * share:.0f} %"


def verdicts(statements: dict[str, str], verdict: str) -> list[str]:
    """The statements that hold, or fail, or do not apply; their rows' names as code."""
    return [f"`{name}`" for name, found in statements.items() if found == verdict]


def papers(statements: dict[str, str]) -> dict[str, str]:
    """The paper's statements alone, with their verdicts."""
    return {name: verdict for name, verdict in statements.items() if name in PAPER_STATEMENTS}


def general(statements: dict[str, str]) -> dict[str, str]:
    """The others, which assume nothing of the data; kept records of older runs have none."""
    return {name: verdict for name, verdict in statements.items() if name not in PAPER_STATEMENTS}


def texts() -> Environment:
    """Read the templates: a name that a record does not have is an error, so that no page has a hole."""
    environment = Environment(
        loader=FileSystemLoader(PROSE), undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True,
        keep_trailing_newline=True, autoescape=False,  # what comes out is Markdown
    )  # fmt: skip
    environment.filters |= {"number": number, "fixed": fixed, "percent": percent, "verdicts": verdicts}
    environment.filters |= {"papers": papers, "general": general}
    environment.filters |= {"plateau_name": plateau_name, "kind_in_words": kind_in_words}
    return environment


def page(name: str) -> str:
    """Write the Markdown of one page from its record."""
    told = kept(name)
    return texts().get_template(f"{name}.md.jinja").render(name=name, **told.get("others", {}), **told)


def write_page(name: str) -> Path:
    """Write one page; it is replaced only if it says something else now, so that Sphinx does not read it again."""
    path, text = HERE / f"{name}.md", page(name)
    if not path.exists() or path.read_text() != text:
        path.write_text(text)
    return path


def write_index(experiments: list[str], laws: list[str]) -> Path:
    """Write the gallery's first page: the names of all others, each with its title."""
    path = HERE / "index.md"
    entries, of_many = (
        [{"name": name, "title": _title(HERE / f"{name}.md")} for name in names] for names in (experiments, laws)
    )
    path.write_text(texts().get_template("index.md.jinja").render(entries=entries, laws=of_many))
    return path


def _title(page_file: Path) -> str:
    """Read a page's first heading."""
    return next(line.removeprefix("# ") for line in page_file.read_text().splitlines() if line.startswith("# "))
