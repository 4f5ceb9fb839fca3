"""Every checker: right answers of every kind pass, each listed wrong answer is diagnosed as itself."""

import importlib
import pkgutil
import random

import pytest
import torch

import guidelib.checks
from guidelib.checks.labels import place

CHAPTERS = sorted(m.name for m in pkgutil.iter_modules(guidelib.checks.__path__) if m.name.startswith("ch"))
MODULES = {name: importlib.import_module(f"guidelib.checks.{name}") for name in CHAPTERS}
EXERCISES = {label: (module, exercise) for module in MODULES.values()
             for label, exercise in module.EXERCISES.items()}  # fmt: skip
FUNCTIONS = {label: pair for label, pair in EXERCISES.items() if callable(pair[1].truth)}
WRONG = [(label, wrong) for label, (_, exercise) in EXERCISES.items() for wrong in exercise.wrong]
SEEDS = range(5)

every_exercise = pytest.mark.parametrize("label", EXERCISES)
every_function = pytest.mark.parametrize("label", FUNCTIONS)


def answers(exercise):
    """The right answer as a reader would pass it."""
    return (exercise.truth,) if callable(exercise.truth) else exercise.truth


def converted(function, convert):
    """The function with every tensor that goes in or comes out converted."""

    def other(*args):
        result = function(*args)
        return tuple(map(convert, result)) if isinstance(result, tuple) else convert(result)

    return other


def single(function):
    """Computed in float32; labels stay integers."""
    return lambda *args: function(
        *[a.float() if torch.is_tensor(a) and a.is_floating_point() else a for a in args]
    )


def looped(function):
    """Row by row, where the first tensor's rows are those of all tensors with as many, and of the result."""

    def other(*args):
        rows = next((len(a) for a in args if isinstance(a, torch.Tensor) and a.ndim), None)
        whole = function(*args)
        if rows is None or not isinstance(whole, torch.Tensor) or whole.shape[:1] != (rows,):
            return whole
        row_wise = [isinstance(a, torch.Tensor) and a.shape[:1] == (rows,) for a in args]
        parts = [function(*[a[i : i + 1] if by_row else a for a, by_row in zip(args, row_wise, strict=True)])
                 for i in range(rows)]  # fmt: skip
        return torch.cat(parts)

    return other


def as_numpy(value):
    return value.numpy() if isinstance(value, torch.Tensor) else value


def as_list(value):
    return value.tolist() if isinstance(value, torch.Tensor) else value


def test_labels_are_unique():
    assert len(EXERCISES) == sum(len(module.EXERCISES) for module in MODULES.values())


@every_exercise
@pytest.mark.parametrize("seed", SEEDS)
def test_the_truth_is_right(label, seed):
    module, exercise = EXERCISES[label]
    verdict = module.check(label, *answers(exercise), seed=seed)
    assert verdict, verdict


@every_function
@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("variant", ["float32", "looped", "numpy", "list"])
def test_right_answers_of_other_kinds_are_accepted(label, seed, variant):
    module, exercise = FUNCTIONS[label]
    answer = {
        "float32": single(exercise.truth),
        "looped": looped(exercise.truth),
        "numpy": converted(exercise.truth, as_numpy),
        "list": converted(exercise.truth, as_list),
    }[variant]
    if variant == "looped" and label in getattr(module, "WHOLE", ()):
        pytest.skip("this answer looks at all rows together")
    verdict = module.check(label, answer, seed=seed)
    assert verdict, verdict


@every_exercise
def test_three_wrong_answers_are_known_and_say_where_to_look(label):
    exercise = EXERCISES[label][1]
    assert len(exercise.wrong) >= 3
    assert len({wrong.name for wrong in exercise.wrong}) == len(exercise.wrong)
    for wrong in exercise.wrong:
        assert place(wrong.see)


@pytest.mark.parametrize(("label", "wrong"), WRONG, ids=[f"{label}: {wrong.name}" for label, wrong in WRONG])
def test_a_wrong_answer_is_diagnosed_as_itself(label, wrong):
    module, exercise = EXERCISES[label]
    if callable(wrong.answer):
        given = (wrong.answer,)
    else:  # None stands for any value: here the right one
        given = tuple(t if w is None else w for w, t in zip(wrong.answer, exercise.truth, strict=True))
    for seed in SEEDS:
        verdict = module.check(label, *given, seed=seed)
        assert not verdict and verdict.name == wrong.name
        assert wrong.idea in verdict.message


@every_exercise
def test_a_stub_is_unanswered(label):
    module, exercise = EXERCISES[label]
    given = (lambda *args: ...,) if callable(exercise.truth) else (...,) * len(exercise.truth)
    assert module.check(label, *given).name == "unanswered"


@every_exercise
def test_variants_are_drawn_from_a_seed_and_have_an_answer(label):
    variant = EXERCISES[label][1].variant
    if variant is None:
        return
    drawn = [variant.draw(random.Random(seed)) for seed in range(20)]
    assert drawn == [variant.draw(random.Random(seed)) for seed in range(20)]
    assert len({str(parameters) for parameters in drawn}) > 1
    for parameters in drawn:
        question = variant.question.format(**parameters)
        assert "{" not in question.replace("\\", "").split("$")[0] and len(question) > 30
        assert abs(float(variant.answer(**parameters))) < 1e6
