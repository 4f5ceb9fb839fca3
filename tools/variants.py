"""The computational exercises with other numbers: one sheet for each letter, one key for the teacher."""

from __future__ import annotations

import importlib
import random
import string
from dataclasses import dataclass

from tools.chapters import BookError, Chapter
from tools.exercises import Exercise

COUNT = 6
DRAWS = 100  # tries for a draw that no other letter has


@dataclass(frozen=True)
class Drawn:
    """One exercise with the numbers of one letter."""

    exercise: Exercise
    letter: str
    question: str
    answer: str


def draw(chapter: Chapter, exercises: list[Exercise], seed: int, count: int = COUNT) -> list[Drawn]:
    """``count`` letters of every exercise that has a variant; the same seed gives the same again.

    Where an exercise has fewer different draws than letters, draws repeat.
    """
    known = _checkers(chapter) if exercises else {}
    found = []
    for exercise in exercises:
        variant = getattr(known.get(exercise.label), "variant", None)
        if variant is None:
            continue
        seen: list[dict] = []
        for letter in string.ascii_uppercase[:count]:
            rng = random.Random(f"{seed} {exercise.label} {letter}")
            draws = [variant.draw(rng) for _ in range(DRAWS)]
            seen.append(next((one for one in draws if one not in seen), draws[0]))
            question = variant.question.format(**seen[-1])
            found.append(Drawn(exercise, letter, question, _answer(variant.answer(**seen[-1]))))
    return found


def _answer(value: float) -> str:
    """Four digits, as a teacher compares them."""
    return f"{float(value):.4g}"


def _checkers(chapter: Chapter) -> dict:
    name = f"guidelib.checks.ch{chapter.name[:2]}"
    try:
        return importlib.import_module(name).EXERCISES
    except ModuleNotFoundError as error:
        raise BookError(f"{chapter.path}: its exercises need the module {name}; write it") from error
