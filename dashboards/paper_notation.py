"""The paper's notation: symbols in place of ASCII letters, and the names of its statements."""

from __future__ import annotations

import re

SYMBOLS = {
    "lambda": "λ", "epsilon": "ε", "theta": "θ", "phi(": "φ(", "S_{+,1}": "S₊,₁", "S_{-,1}": "S₋,₁", "_+": "₊",
    "_-": "₋", "_j": "ⱼ", "_k": "ₖ", "_l": "ₗ", "h*": "h⋆", "θ*": "θ⋆", "<=": "≤", ">=": "≥", "!=": "≠",
    "->": "→", "^2": "²", " -D": " −D", "(-D": "(−D", " - ": " − ", "1/2 ": "½ ", "1/2|": "½|", "t1": "t₁",
    "t2": "t₂", "t3": "t₃", "θ_S": "θₛ", "grad L": "∇L", "sqrt(L)": "√L", "<q, h>": "⟨q, h⟩", "log10": "log₁₀",
    "limit's tau": "limit's τ",
}  # fmt: skip
"""The paper's symbols by what stands for them in plain text; replaced in this order."""

MINUS = re.compile(r"(?<![\w.)-])-(?=[\d.]|ln\b|λ)")
"""A hyphen that stands for a minus: before a number or a symbol, not within a word, a range or an exponent."""
RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
"""Here too: `pipeline.figures`, which has the like, loads matplotlib."""
FAR = re.compile(r"(?<![\w.-])(\d+(?:\.\d+)?)e([+-]?\d+)(?![\w.])")
"""A number far from 1 as Python writes it: ``2.5e-12``; not in the middle of an identifier."""


def typeset(text: str) -> str:
    """Write a title or a sentence of the pipeline with the paper's symbols.

    Examples
    --------
    >>> typeset("at t2: |D_+| (1 - cos(w_j, D_+)) <= lambda^(epsilon/5) on S_{+,1}")
    'at t₂: |D₊| (1 − cos(wⱼ, D₊)) ≤ λ^(ε/5) on S₊,₁'
    >>> typeset("neurons 17-20 of non-orthogonal: 1e-12 and -0.5 within 10/(-ln lambda)")
    'neurons 17-20 of non-orthogonal: 10⁻¹² and −0.5 within 10/(−ln λ)'
    """
    for plain, symbol in SYMBOLS.items():
        text = text.replace(plain, symbol)
    return print_numbers(text)


def print_numbers(text: str) -> str:
    """Write the numbers of a text as in print: with a minus sign, and powers of ten without a line break.

    Examples
    --------
    >>> print_numbers("from -3 to 2.5e-12, below 1e-11").replace("\N{NO-BREAK SPACE}", " ")
    'from −3 to 2.5 × 10⁻¹², below 10⁻¹¹'
    >>> print_numbers("orthogonal-8e8c22156743")
    'orthogonal-8e8c22156743'
    """
    return FAR.sub(_with_power, MINUS.sub("−", text))


def _with_power(found: re.Match[str]) -> str:
    power = "10" + str(int(found[2])).translate(RAISED)
    return power if found[1] == "1" else f"{found[1]}\N{NO-BREAK SPACE}×\N{NO-BREAK SPACE}{power}"


def name_statement(key: str) -> str:
    """Name a row of the statements table as the paper does.

    Examples
    --------
    >>> [name_statement(key) for key in ("lemma_4_iii", "theorem_1_bias", "logistic_ode", "eq_8")]
    ['Lemma 4 (iii)', 'Theorem 1, bias', 'Logistic ODE', 'Eq. (8)']
    """
    words = key.split("_")
    if words[0] == "eq":
        return f"Eq. ({words[1]})"
    if words[-1] == "ode":
        return "Logistic ODE"
    name = f"{words[0].capitalize()} {words[1]}"
    rest = words[2] if len(words) > 2 else ""
    return f"{name} ({rest})" if re.fullmatch("[ivx]+", rest) else f"{name}, {rest}" if rest else name
