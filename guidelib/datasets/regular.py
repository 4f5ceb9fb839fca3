"""Procedural textures that repeat: stripes, checks, plaids, bricks, dots.

Every function draws ``n`` images (n, size, size), float64 in [0, 1], all at once: the phase, a few
degrees of turn and the two tones are random, everything else is the class. Lengths are in pixels,
angles in degrees, edges one pixel soft.
"""

import math

import torch
from torch import Tensor


def stripes(n, size, generator, *, period: float, angle: float, duty: float | None = None) -> Tensor:
    """Parallel stripes across ``angle``; ``duty`` is the light share of a period, None a cosine wave."""
    c, _ = turned(n, size, generator, angle)
    c = c + period * uniform(n, generator)
    if duty is None:
        return tones(0.5 + 0.5 * torch.cos(2 * math.pi * c / period), generator)
    return tones(edge(_inside(c, period, duty)), generator)


def checks(n, size, generator, *, period: float, angle: float) -> Tensor:
    """A chessboard whose fields are ``period / 2`` wide."""
    c, r = turned(n, size, generator, angle)
    a = _inside(c + period * uniform(n, generator), period).clamp(-0.5, 0.5)
    b = _inside(r + period * uniform(n, generator), period).clamp(-0.5, 0.5)
    return tones(0.5 + 2 * a * b, generator)


def plaids(n, size, generator, *, period: float, angle: float, duty: float, accent: bool = False) -> Tensor:
    """Two sets of crossing bands, lightest where both lie; with thin accents between them if asked."""
    total = 0.0
    for c in turned(n, size, generator, angle):
        c = c + period * uniform(n, generator)
        total = total + edge(_inside(c, period, duty))
        if accent:
            total = total + 0.7 * edge(_inside(c + period / 2, period, 1.2 / period))
    return tones(0.5 * total, generator)


def bricks(n, size, generator, *, width: int, height: int, shift: float, upright: bool = False) -> Tensor:
    """Courses of bricks with light joints; each brick has its tone, each course moves by ``shift``."""
    y, x = grid(size)
    y = y + height * uniform(n, generator)
    course = (y / height).floor()
    x = x + width * uniform(n, generator) + (shift * course).remainder(1) * width
    column = (x / width).floor()
    shades = torch.rand(n, size, size, generator=generator, dtype=torch.float64)
    row, col = course.long().expand(n, size, size), column.long()
    shade = shades.reshape(n, -1).gather(1, (row * size + col).reshape(n, -1)).reshape(n, size, size)
    depth = torch.minimum(_from_nearest(x, width), _from_nearest(y, height))
    brick = edge(depth - 0.6)
    images = 0.9 - brick * (0.4 + 0.4 * shade)
    return images.mT if upright else images


def dots(
    n, size, generator, *, spacing: float, radius: float, angle: float = 0.0,
    hexagonal: bool = False, hole: float = 0.0, dark: bool = False,
) -> Tensor:  # fmt: skip
    """Discs on a square or hexagonal lattice, or rings if ``hole`` > 0; light, or ``dark`` on light."""
    c, r = turned(n, size, generator, angle)
    c, r = c + spacing * uniform(n, generator), r + 2 * spacing * uniform(n, generator)
    high = spacing * (math.sqrt(3) if hexagonal else 1)
    distance = _from_nearest(c, spacing).hypot(_from_nearest(r, high))
    if hexagonal:
        other = _from_nearest(c + spacing / 2, spacing).hypot(_from_nearest(r + high / 2, high))
        distance = torch.minimum(distance, other)
    mask = edge(radius - distance) - (edge(hole - distance) if hole else 0)
    return tones(1 - mask if dark else mask, generator)


def grid(size: int) -> tuple[Tensor, Tensor]:
    """The rows (size, 1) and columns (1, size) of the pixels."""
    i = torch.arange(size, dtype=torch.float64)
    return i[:, None], i[None, :]


def uniform(n: int, generator: torch.Generator, lo: float = 0.0, hi: float = 1.0) -> Tensor:
    """One uniform number per image, (n, 1, 1)."""
    return lo + (hi - lo) * torch.rand(n, 1, 1, generator=generator, dtype=torch.float64)


def turned(n: int, size: int, generator: torch.Generator, angle: float, wobble: float = 2.0):
    """Coordinates along and across ``angle``, each (n, size, size), turned by up to ``wobble`` degrees."""
    y, x = grid(size)
    a = torch.deg2rad(angle + uniform(n, generator, -wobble, wobble))
    return x * a.cos() + y * a.sin(), y * a.cos() - x * a.sin()


def edge(distance: Tensor) -> Tensor:
    """1 inside a shape and 0 outside, given the distance inwards from its edge: a ramp of one pixel."""
    return (distance + 0.5).clamp(0, 1)


def tones(mask: Tensor, generator: torch.Generator) -> Tensor:
    """The mask in [0, 1] between two random tones for each image, about 0.15 and 0.85."""
    dark = uniform(len(mask), generator, 0.08, 0.22)
    light = uniform(len(mask), generator, 0.78, 0.92)
    return dark + (light - dark) * mask


def _from_nearest(c: Tensor, period: float) -> Tensor:
    """Distance from the nearest multiple of the period."""
    return (c / period - (c / period).round()).abs() * period



def _inside(c: Tensor, period: float, duty: float = 0.5) -> Tensor:
    """How deep c lies in the band of width ``duty * period`` about each multiple; negative outside."""
    return duty * period / 2 - _from_nearest(c, period)
