"""Recipes: one named run for each set of weights that the book ships."""

import difflib

from guidelib.recipes.fashion import FASHION
from guidelib.recipes.mixture64 import MIXTURE64
from guidelib.recipes.sets import SETS
from guidelib.recipes.textures import TEXTURES
from guidelib.training import Recipe

RECIPES = {recipe.name: recipe for recipe in (*MIXTURE64, *TEXTURES, *FASHION, *SETS)}


def find(name: str) -> Recipe:
    """The recipe of a name; ValueError names the nearest."""
    if name not in RECIPES:
        near = difflib.get_close_matches(name, RECIPES, n=3, cutoff=0.3) or list(RECIPES)
        raise ValueError(f"no recipe {name!r}; nearest: {', '.join(near)}. --list shows all")
    return RECIPES[name]
