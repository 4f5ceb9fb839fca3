"""What a checker does with a reader's answer: compare, and say what is wrong.

An answer is a function, tried on fresh random inputs against the truth, or plain values. Wrong
answers that people give are recognised by what they compute and named; of an unknown one the
smallest failing case is shown.
"""

import difflib
import inspect
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import torch

from guidelib.checks.compare import as_tensor, close, copies, difference, fits, show, unchanged
from guidelib.checks.labels import place
from guidelib.checks.reading import Stopped, call

UNANSWERED, STOPPED, CHANGES_INPUTS, OTHER = "unanswered", "stopped", "changes its inputs", "other"


@dataclass(frozen=True)
class Wrong:
    """A wrong answer that people give: a function, or values (None for any), and what to revisit."""

    name: str  # what it is, as the reader will see it: "the sign is turned around"
    answer: Callable | tuple
    idea: str  # the idea to revisit, a sentence
    see: str  # the label of the equation, section or figure to look at


@dataclass(frozen=True)
class Variant:
    """The exercise with other numbers, for a course: ``draw(rng)`` gives what ``question`` names."""

    question: str  # "... at sigma = {sigma:.2f} ..."
    draw: Callable[..., dict]  # takes a random.Random
    answer: Callable[..., float]


@dataclass(frozen=True)
class Exercise:
    """The truth of an exercise (a function, or the values), the inputs to try, the wrong answers.

    ``cases(generator)`` yields argument tuples, the smallest first. ``tolerance`` is relative to the
    largest number of the truth.
    """

    truth: Callable | tuple
    wrong: tuple[Wrong, ...]
    cases: Callable[[torch.Generator], Iterable[tuple]] = lambda generator: [()]
    tolerance: float = 2e-4  # an answer may be computed in float32
    variant: Variant | None = None


@dataclass(frozen=True)
class Verdict:
    """True if the answer is right; shows itself as a sentence. ``name`` is the diagnosis."""

    right: bool
    name: str
    message: str

    def __bool__(self) -> bool:
        return self.right

    def __repr__(self) -> str:
        return self.message


def checker(exercises: dict[str, Exercise]) -> Callable[..., Verdict]:
    """The ``check`` function of a chapter; its exercises by label."""

    def check(label: str, *answer, seed: int | None = None) -> Verdict:
        """Try an answer to the exercise ``label``; the verdict says what is right or wrong.

        The inputs are drawn afresh at each call, or from ``seed``. Unknown labels: ValueError.
        """
        if label not in exercises:
            near = difflib.get_close_matches(label, exercises, n=1, cutoff=0.4)
            hint = f"did you mean {near[0]!r}? " if near else ""
            raise ValueError(f"no exercise {label!r}; {hint}exercises here: {', '.join(exercises)}")
        exercise = exercises[label]
        if callable(exercise.truth):
            return _check_function(exercise, answer, seed)
        return _check_values(exercise, answer)

    return check


def _not_yet(name: str, text: str) -> Verdict:
    return Verdict(False, name, f"Not yet: {text}")


def _named(wrong: Wrong) -> Verdict:
    return _not_yet(wrong.name, f"{wrong.name}. {wrong.idea} Look again at {place(wrong.see)}.")


_STUB = _not_yet(UNANSWERED, "there is still an ... to replace.")


def _check_values(exercise: Exercise, answer: tuple) -> Verdict:
    truth, tolerance = exercise.truth, exercise.tolerance
    if len(answer) != len(truth):
        return _not_yet(OTHER, f"give {len(truth)} answers, separated by commas; got {len(answer)}.")
    if any(value is ... or value is None for value in answer):
        return _STUB
    right = [_same_value(a, t, tolerance) for a, t in zip(answer, truth, strict=True)]
    if all(right):
        return Verdict(True, "right", "Right.")
    for wrong in exercise.wrong:
        pairs = list(zip(answer, wrong.answer, strict=True))
        if all(w is None or _same_value(a, w, tolerance) for a, w in pairs):
            return _named(wrong)
    which = [str(n) for n, good in enumerate(right, 1) if not good]
    part = "" if len(truth) == 1 else f" {' and '.join(which)} of {len(truth)}"
    given = ", ".join(show(a) for a, good in zip(answer, right, strict=True) if not good)
    return _not_yet(OTHER, f"answer{part} is not right: {given}. Run the experiment and look.")


def _same_value(given, truth, tolerance: float) -> bool:
    if isinstance(truth, str):
        return isinstance(given, str) and given.strip().casefold() == truth.casefold()
    value = as_tensor(given)
    return value is not None and fits(value, as_tensor(truth)) and close(value, as_tensor(truth), tolerance)


def _check_function(exercise: Exercise, answer: tuple, seed: int | None) -> Verdict:
    if len(answer) != 1 or not callable(answer[0]):
        if len(answer) == 1 and answer[0] is ...:
            return _STUB
        return _not_yet(OTHER, "pass your function itself, without calling it.")
    function = answer[0]
    generator = torch.Generator()
    generator.manual_seed(seed) if seed is not None else generator.seed()
    cases, tolerance = list(exercise.cases(generator)), exercise.tolerance
    results, truths = [], [exercise.truth(*copies(case)) for case in cases]
    for case in cases:
        given = copies(case)
        result = call(function, given)
        if isinstance(result, Stopped):
            if result.unanswered:
                return _STUB
            return _not_yet(STOPPED, f"{result.where}\n  It was called with {_show_case(exercise, case)}.")
        if not unchanged(given, case):
            text = "your function changes its inputs; the caller still needs them. Work on a copy, or write "
            return _not_yet(CHANGES_INPUTS, text + "`x = x + ...` in place of `x += ...`.")
        results.append(result)
    pairs = list(zip(results, truths, strict=True))
    if all(_agree(result, truth, tolerance) for result, truth in pairs):
        return Verdict(True, "right", f"Right: {len(cases)} random cases agree with the exact answer.")
    for wrong in exercise.wrong:
        theirs = [call(wrong.answer, copies(case)) for case in cases]
        if all(_agree(result, other, tolerance) for result, other in zip(results, theirs, strict=True)):
            return _named(wrong)
    return _unknown(exercise, cases, results, truths)


def _leaves(result) -> list:
    return list(result) if isinstance(result, tuple) else [result]


def _agree(result, truth, tolerance: float) -> bool:
    ours, theirs = _leaves(result), _leaves(truth)
    if len(ours) != len(theirs):
        return False
    pairs = [(as_tensor(a), as_tensor(b)) for a, b in zip(ours, theirs, strict=True)]
    return all(a is not None and b is not None and fits(a, b) and close(a, b, tolerance) for a, b in pairs)


def _unknown(exercise: Exercise, cases: list, results: list, truths: list) -> Verdict:
    """No known mistake: what can be said of any, and the smallest case that fails."""
    pattern = _pattern(results, truths, exercise.tolerance)
    for case, result, truth in zip(cases, results, truths, strict=True):
        if not _agree(result, truth, exercise.tolerance):
            problem = difference(_leaves(result), _leaves(truth))
            text = f"{pattern}{problem}\n  The smallest case that fails: {_show_case(exercise, case)}"
            return _not_yet(OTHER, f"{text}\n  your answer:  {show(result)}\n  exact answer: {show(truth)}")
    raise AssertionError("unreachable: some case failed")


def _pattern(results: list, truths: list, tolerance: float) -> str:
    """'everywhere -1 times the exact answer: ' where one factor explains all cases."""
    flat = [(as_tensor(a), as_tensor(b)) for r, t in zip(results, truths, strict=True)
            for a, b in zip(_leaves(r), _leaves(t), strict=False)]  # fmt: skip
    if any(a is None or a.shape != b.shape for a, b in flat):
        return ""
    ours, exact = (torch.cat([pair[i].flatten() for pair in flat]) for i in (0, 1))
    factor = (ours @ exact / (exact @ exact)).item()
    if not math.isfinite(factor) or abs(factor) < 1e-9 or not close(ours, factor * exact, tolerance):
        return ""
    return "the sign is turned around. " if abs(factor + 1) < tolerance else f"off by a factor {factor:.4g}. "


def _show_case(exercise: Exercise, case: tuple) -> str:
    names = list(inspect.signature(exercise.truth).parameters)
    return ", ".join(f"{name} = {show(value)}" for name, value in zip(names, case, strict=True))
