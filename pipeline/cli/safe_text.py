"""Text of somebody else's as a terminal may show it: what would move the cursor or turn a line is spelt out."""

from __future__ import annotations

import re

# Controls (ESC begins an order to the terminal, C1 has it in one character), marks that change the direction of
# reading, characters without width, line separators, halves of characters.
# Joiners stay: scripts and signs need them.
_HIDDEN = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff"
    "\U000e0000-\U000e007f]"
)


def visible(text: str) -> str:
    r"""Return the text with each hidden character spelt as Python would; line breaks stay.

    Examples
    --------
    >>> print(visible("\x1b[31mred"))
    \x1b[31mred
    """
    return _HIDDEN.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def visible_line(text: str) -> str:
    r"""Return the text on one line: its breaks are spelt out too.

    Examples
    --------
    >>> print(visible_line("one\ntwo"))
    one\ntwo
    """
    return visible(text).replace("\n", "\\n")
