"""The procedural classes: a generator and the parameters that make it one class."""

import torch
from torch import Tensor

from guidelib.datasets.regular import bricks, checks, dots, plaids, stripes
from guidelib.datasets.scattered import blobs, cells, gabors, leaves, lines

GENERATORS = {
    "stripes": stripes, "checks": checks, "plaids": plaids, "bricks": bricks, "dots": dots,
    "blobs": blobs, "cells": cells, "lines": lines, "leaves": leaves, "gabors": gabors,
}  # fmt: skip
PROCEDURAL = {
    "waves 0": ("stripes", {"period": 9.0, "angle": 0}),
    "waves 90": ("stripes", {"period": 6.0, "angle": 90}),
    "waves 45": ("stripes", {"period": 12.0, "angle": 45}),
    "stripes 20": ("stripes", {"period": 8.0, "angle": 20, "duty": 0.5}),
    "stripes 110": ("stripes", {"period": 13.0, "angle": 110, "duty": 0.3}),
    "stripes 150": ("stripes", {"period": 5.0, "angle": 150, "duty": 0.5}),
    "checks 4": ("checks", {"period": 8.0, "angle": 0}),
    "checks 8": ("checks", {"period": 16.0, "angle": 0}),
    "checks 5 turned": ("checks", {"period": 10.0, "angle": 45}),
    "checks 7 turned": ("checks", {"period": 14.0, "angle": 20}),
    "plaid 10": ("plaids", {"period": 10.0, "angle": 0, "duty": 0.5}),
    "plaid 16": ("plaids", {"period": 16.0, "angle": 0, "duty": 0.4, "accent": True}),
    "plaid 9 turned": ("plaids", {"period": 9.0, "angle": 45, "duty": 0.35}),
    "plaid 14 turned": ("plaids", {"period": 14.0, "angle": 30, "duty": 0.45, "accent": True}),
    "bricks": ("bricks", {"width": 13, "height": 6, "shift": 0.5}),
    "bricks upright": ("bricks", {"width": 20, "height": 8, "shift": 0.5, "upright": True}),
    "tiles": ("bricks", {"width": 8, "height": 8, "shift": 0.0}),
    "planks": ("bricks", {"width": 40, "height": 5, "shift": 0.37}),
    "dots 6": ("dots", {"spacing": 6.0, "radius": 1.8}),
    "dots 11 hexagonal": ("dots", {"spacing": 11.0, "radius": 3.8, "hexagonal": True}),
    "dots 8 dark": ("dots", {"spacing": 8.0, "radius": 2.6, "angle": 45, "dark": True}),
    "dots 5 hexagonal": ("dots", {"spacing": 5.0, "radius": 1.4, "hexagonal": True, "dark": True}),
    "circles": ("dots", {"spacing": 12.0, "radius": 5.0, "hole": 3.0, "hexagonal": True}),
    "blobs": ("blobs", {"frequency": 0.0, "bandwidth": 0.035}),
    "labyrinth": ("blobs", {"frequency": 0.13}),
    "spots": ("blobs", {"frequency": 0.11, "level": 0.9}),
    "holes": ("blobs", {"frequency": 0.17, "level": -0.9}),
    "contours": ("blobs", {"frequency": 0.0, "bandwidth": 0.022, "level": 0.5, "line": 1.4}),
    "mosaic": ("cells", {"spacing": 8.0, "style": "mosaic"}),
    "cracks 7": ("cells", {"spacing": 7.0, "style": "cracks"}),
    "cracks 14": ("cells", {"spacing": 14.0, "style": "cracks"}),
    "pebbles": ("cells", {"spacing": 10.0, "style": "pebbles"}),
    "tissue": ("cells", {"spacing": 12.0, "style": "tissue"}),
    "sticks": ("lines", {"count": 14, "angles": (0, 60, 120), "spread": 30.0, "width": 2.0}),
    "hatching": ("lines", {"count": 16, "angles": (35,), "spread": 6.0}),
    "cross-hatching": ("lines", {"count": 18, "angles": (25, 115), "spread": 5.0}),
    "rain": ("lines", {"count": 60, "angles": (75,), "spread": 5.0, "length": 7.0}),
    "straw": ("lines", {"count": 70, "angles": (0, 60, 120), "spread": 30.0, "width": 1.8, "length": 10.0}),
    "leaves small": ("leaves", {"count": 260, "radii": (2.0, 5.0)}),
    "leaves large": ("leaves", {"count": 90, "radii": (4.0, 12.0)}),
    "leaves square": ("leaves", {"count": 120, "radii": (3.0, 9.0), "shape": "square"}),
    "petals": ("leaves", {"count": 260, "radii": (5.0, 10.0), "shape": "petal"}),
    "gabor 30": ("gabors", {"count": 12, "frequency": 0.17, "width": 4.0, "angle": 30}),
    "gabor 100": ("gabors", {"count": 22, "frequency": 0.26, "width": 2.6, "angle": 100}),
    "gabor all": ("gabors", {"count": 18, "frequency": 0.2, "width": 3.5}),
    "ripples": ("gabors", {"count": 6, "frequency": 0.18, "width": 5.0, "even": False}),
}


def procedural_samples(n: int, size: int, generator: torch.Generator, name: str) -> Tensor:
    """``n`` images of a procedural class, (n, size, size), float64 in [0, 1]."""
    kind, parameters = PROCEDURAL[name]
    return GENERATORS[kind](n, size, generator, **parameters)
