"""``python -m guidelib.train NAME``: train a recipe. ``accelerate launch -m guidelib.train NAME`` uses
several devices or machines.
"""

import argparse
import os
import sys

from guidelib.datasets import MissingData
from guidelib.recipes import RECIPES, find
from guidelib.training import train


def main(argv=None) -> int:
    """The command; returns the exit status. Whatever is wrong is said in one line on stderr."""
    parser = argparse.ArgumentParser(prog="python -m guidelib.train", description="Train a recipe.")
    parser.add_argument("name", nargs="?", help="a recipe")
    parser.add_argument("--list", action="store_true", help="show the recipes and what they cost")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--device", help="cpu, cuda, cuda:1 ...; default: the best there is")
    parser.add_argument("--resume", action="store_true", help="continue a run that was stopped")
    parser.add_argument("--steps", type=int, help="instead of the recipe's own number")
    parser.add_argument("--out", help="folder for weights and card; default: data/checkpoints")
    options = parser.parse_args(argv)
    if options.list:
        for recipe in RECIPES.values():
            print(f"{recipe.name:24}{recipe.steps:>7} steps  {recipe.cost:24}{recipe.about}")
        return 0
    if options.name is None:
        parser.error("name a recipe, or give --list")
    try:
        path = train(
            find(options.name), options.seed, options.device, options.steps, options.resume, options.out
        )
    except (ValueError, OSError, FloatingPointError, ImportError, MissingData) as error:
        _say(f"guidelib.train: {error}", sys.stderr)
        return 1
    except KeyboardInterrupt:
        _say("guidelib.train: stopped; --resume continues from the last state", sys.stderr)
        return 130
    _say(path, sys.stdout)
    return 0


def _say(line, file) -> None:
    """The line, from the first of several processes only."""
    if os.environ.get("RANK", "0") == "0":
        print(line, file=file)


if __name__ == "__main__":
    sys.exit(main())
