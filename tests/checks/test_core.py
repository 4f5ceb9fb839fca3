"""What a checker says: of exceptions, shapes, factors, changed inputs, and of what nobody foresaw."""

import numpy as np
import pytest
import torch

from guidelib.checks.core import CHANGES_INPUTS, Exercise, Wrong, checker


def double(x):
    return 2 * x


def sizes(generator):
    for n in (1, 2, 30):
        yield (torch.rand(n, generator=generator, dtype=torch.float64) + 0.5,)


check = checker({
    "ex-double": Exercise(double, (Wrong("half", lambda x: x / 2, "Turn it over.", "eq-cfg"),), sizes),
    "ex-two": Exercise((2.0, "ode"), (Wrong("three", (3.0, None), "Count.", "eq-cfg"),), tolerance=0.01),
    "ex-pair": Exercise(lambda x: (x, -x), (), sizes),
})  # fmt: skip


@pytest.mark.parametrize("answer", [
    double, lambda x: x + x, lambda x: 2 * x.float(), lambda x: 2 * np.asarray(x),
    lambda x: [2 * v for v in x.tolist()], lambda x: 2 * x + 1e-12,
])  # fmt: skip
def test_right(answer):
    assert check("ex-double", answer).message == "Right: 3 random cases agree with the exact answer."


def test_a_known_mistake_is_named_with_the_place_to_look():
    message = check("ex-double", lambda x: 0.5 * x).message
    assert message == "Not yet: half. Turn it over. Look again at equation (3.1)."


def test_a_factor_and_a_sign_are_seen_without_being_listed():
    assert "off by a factor 3." in check("ex-double", lambda x: 6 * x).message
    assert "the sign is turned around." in check("ex-double", lambda x: -2 * x).message


def test_an_unknown_mistake_shows_the_smallest_case_that_fails():
    verdict = check("ex-double", lambda x: 2 * x if len(x) == 1 else x**3, seed=0)
    lines = verdict.message.split("\n")
    x = torch.rand(
        1, generator=torch.Generator().manual_seed(0), dtype=torch.float64
    )  # the first case: passes
    assert x is not None and verdict.name == "other" and len(lines) == 4
    assert lines[0] == "Not yet: the numbers differ."
    assert lines[1].startswith("  The smallest case that fails: x = [") and lines[1].count(",") == 1
    assert lines[2].startswith("  your answer:  [") and lines[3].startswith("  exact answer: [")


@pytest.mark.parametrize(("answer", "what"), [
    (lambda x: 2 * x[:, None], "the shape is (1, 1) and should be (1,)"),
    (lambda x: (2 * x).sum(), "the shape is () and should be (2,)"),
    (lambda x: x * torch.nan, "there is a nan or an infinity"),
    (lambda x: "two", "return numbers or a tensor, not str"),
    (lambda x: (2 * x, 1), "return 1 values, not 2"),
    (lambda x: None, "your function returns nothing"),
])  # fmt: skip
def test_what_is_no_answer_is_told(answer, what):
    if "(1, 1)" in what:  # one entry fits a number: the second case tells
        what = what.replace("(1, 1)", "(2, 1)").replace("(1,)", "(2,)")
    assert what in check("ex-double", answer).message


def broken(x):
    y = 2 * x
    return y + undefined  # noqa: F821


def test_an_exception_shows_the_readers_line():
    message = check("ex-double", broken).message
    assert "your code stops in line" in message and "`return y + undefined" in message
    assert "NameError: name 'undefined' is not defined." in message and "called with x = [" in message


def test_a_function_of_the_wrong_arguments_is_told():
    assert "your function cannot be called: TypeError" in check("ex-double", lambda x, y: x).message


def test_changed_inputs_are_seen_even_where_the_numbers_are_right():
    def in_place(x):
        x *= 2
        return x

    assert check("ex-double", in_place).name == CHANGES_INPUTS


@pytest.mark.parametrize("answer", [..., lambda x: ..., lambda x: 2 * x + ..., lambda x: (x, ...)])
def test_a_stub_is_unanswered(answer):
    assert check("ex-double", answer).name == "unanswered"


def test_values():
    assert check("ex-two", 2, "ODE ") and check("ex-two", torch.tensor(2.01), "ode")
    assert check("ex-two", 3, "ode").name == "three"
    assert check("ex-two", ..., "ode").name == "unanswered"
    assert "answer 2 of 2 is not right: 'sde'" in check("ex-two", 2, "sde").message
    assert "give 2 answers" in check("ex-two", 2).message


def test_pairs():
    assert check("ex-pair", lambda x: (x, -x))
    assert "off by a factor -1" not in check("ex-pair", lambda x: (-x, -x)).message


def test_a_call_is_not_a_function():
    assert "pass your function itself" in check("ex-double", 3.0).message


def test_an_unknown_label_suggests_the_nearest():
    with pytest.raises(ValueError, match="no exercise 'ex-duoble'; did you mean 'ex-double'?"):
        check("ex-duoble", double)


def test_inputs_are_fresh_and_a_seed_fixes_them():
    seen = []

    def spy(x):
        seen.append(x.clone())
        return 2 * x

    for seed in (1, 1, None, None):
        check("ex-double", spy, seed=seed)
    assert torch.equal(seen[0], seen[3]) and not torch.equal(seen[6], seen[9])
