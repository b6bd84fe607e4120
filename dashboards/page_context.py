"""What a page knows of its visitor: the catalog, the address, the theme, and where messages are shown.

The whole state of a page is in its address (:meth:`PageContext.remember`), so that a link restores it.
Values of an address are checked before use: a page reads them through ``choice``, ``number``, ``whole`` or
``text``, which correct an invalid value, tell the visitor, and write the corrected value with the next
``remember``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from catalog import Catalog
from dashboards.theme import LIGHT, Theme

VALUE_LENGTH_LIMIT = 20_000
"""Characters of a value in an address that are read: a table of 200 points has about 8,000."""


def compute_at_once(function: Callable[..., Any], *args: Any) -> Any:
    """Compute in the caller's thread."""
    return function(*args)


def make_at_once(_key: Hashable, make: Callable[[], Any]) -> Any:
    """Make a result for the caller alone."""
    return make()


@dataclass
class PageContext:
    """One visitor at one page.

    Attributes
    ----------
    catalog
        The catalog of the server. A page opens, publishes, verifies and exports its runs, and opens its sweeps;
        besides these it opens ``files`` alone.
    query
        The parameters of the address.
    theme
        The colours.
    say
        Shows a message above the page.
    say_error
        Shows an error there.
    write
        Writes parameters into the browser's address without loading a page; None outside a browser.
    forget
        Removes the messages; called when the visitor does something.
    compute
        Called with a function and its arguments, computes it for this visitor: on a server in a process
        that ends with the page (:mod:`dashboards.computations`); both are picklable then.
    share
        Called with a key and a function without arguments, returns that function's result or the one that
        another visitor has got for this key (:mod:`dashboards.shared_results`).
    shared
        Returns the result of a key that has been made; None if there is none.
    scratch
        Returns the folder for a catalog of this page's results; None outside a server.
    files
        The files that the server was started with, by name: pages open these, too.
    """

    catalog: Catalog
    query: dict[str, str] = field(default_factory=dict)
    theme: Theme = LIGHT
    say: Callable[[str], None] = print
    say_error: Callable[[BaseException], None] = print
    write: Callable[[Mapping[str, str]], None] | None = None
    forget: Callable[[], None] = lambda: None
    compute: Callable[..., Any] = compute_at_once
    share: Callable[[Hashable, Callable[[], Any]], Any] = make_at_once
    shared: Callable[[Hashable], Any] = lambda _key: None
    scratch: Callable[[], str] | None = None
    files: Mapping[str, str] = field(default_factory=dict)

    def text(self, key: str, default: str = "") -> str:
        """Return a parameter of the address, at most :data:`VALUE_LENGTH_LIMIT` characters of it."""
        return self.query.get(key, default)[:VALUE_LENGTH_LIMIT]

    def choice(self, key: str, allowed: Collection[str], default: str) -> str:
        """Return one of the allowed words; for another one return the default, and say so."""
        value = self.query.get(key, default)
        if value in allowed:
            return value
        listed = ", ".join(word or "nothing" for word in list(allowed)[:12]) + (
            ", ..." if len(allowed) > 12 else ""
        )
        self.say(
            f"{key} = {shortened(value)} is not known: allowed are {listed}. Shown is {default or 'nothing'}."
        )
        self.query[key] = default
        return default

    def number(self, key: str, low: float, high: float, default: float) -> float:
        """Return a number from ``low`` to ``high``; outside of them the nearer bound, with a message."""
        if key not in self.query:
            return default
        said = self.query[key]
        try:
            value = float(said)
        except ValueError:
            value = math.nan
        if math.isnan(value):
            self.say(
                f"{key} = {shortened(said)} is not a number: allowed is {low:g} to {high:g}. Shown is {default:g}."
            )
            self.query[key] = f"{default:g}"
            return default
        within = min(max(value, low), high)
        if within != value:
            self.say(f"{key} = {shortened(said)} is outside {low:g} to {high:g}. Shown is {within:g}.")
            self.query[key] = f"{within:g}"
        return within

    def whole(self, key: str, low: int, high: int, default: int) -> int:
        """Return a whole number from ``low`` to ``high``; another number is rounded, with a message."""
        value = self.number(key, low, high, default)
        if value != round(value):
            self.say(f"{key} = {shortened(self.query[key])} is not a whole number. Shown is {round(value)}.")
            self.query[key] = str(round(value))
        return round(value)

    def window(self, key: str) -> tuple[float, float] | None:
        """Return two increasing numbers, ``2.5,8``; None without them, and for anything else, with a message."""
        if key not in self.query:
            return None
        said = self.text(key)
        try:
            start, end = (float(part) for part in said.split(","))
        except ValueError:
            start = end = math.nan
        if math.isfinite(start) and math.isfinite(end) and start < end:
            return start, end
        self.say(f"{key} = {shortened(said)} is not known: allowed are two numbers, 2.5,8.")
        self.query.pop(key)
        return None

    def remember(self, **values: object) -> None:
        """Write values into the address, so that it leads back to what is shown; None removes a key."""
        for key, value in values.items():
            if value is None:
                self.query.pop(key, None)
            else:
                self.query[key] = str(value)
        if self.write is not None:
            self.write(self.query)

    def address(self, page: str, **values: object) -> str:
        """Return the address of a page of this application with these values and the same theme."""
        said = {key: str(value) for key, value in values.items() if value is not None}
        return f"{page}?{urlencode({**said, 'theme': self.theme.name})}"


def shortened(text: str, most: int = 40) -> str:
    """Quote a text of a visitor, cut off if it is long."""
    return repr(text if len(text) <= most else text[: most - 1] + "…")
