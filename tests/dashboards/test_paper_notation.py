import pytest

from dashboards.paper_notation import name_statement, typeset


@pytest.mark.parametrize(
    ("plain", "symbols"),
    [
        (
            "at t1: 1 - cos(w_j, -D_-) <= 2 lambda^epsilon on S_{-,1}",
            "at t₁: 1 − cos(wⱼ, −D₋) ≤ 2 λ^ε on S₋,₁",
        ),
        ("|theta - theta*|", "|θ − θ⋆|"),
        ("1/2 |theta|^2 - minimum at the end", "½ |θ|² − minimum at the end"),
    ],
)
def test_the_papers_symbols(plain, symbols):
    assert typeset(plain) == symbols


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("lemma_1", "Lemma 1"), ("lemma_4_iv", "Lemma 4 (iv)"), ("fact_1", "Fact 1"), ("eq_8", "Eq. (8)"),
        ("theorem_1_loss", "Theorem 1, loss"), ("proposition_1", "Proposition 1"),
        ("logistic_ode", "Logistic ODE"),
    ],
)  # fmt: skip
def test_names(key, name):
    assert name_statement(key) == name
