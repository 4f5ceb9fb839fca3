"""Procedural textures without a lattice: blobs, cells, lines, dead leaves, Gabor noise.

As in ``regular.py``: (n, size, size), float64 in [0, 1], lengths in pixels, angles in degrees, and no
loop over images; loops run over the shapes that lie on top of each other.
"""

import math

import torch
from torch import Tensor

from guidelib.datasets.regular import edge, grid, tones, uniform


def blobs(
    n, size, generator, *, frequency: float, bandwidth: float = 0.02, level: float = 0.0,
    line: float | None = None,
) -> Tensor:  # fmt: skip
    """Where a smooth Gaussian field lies above ``level`` standard deviations; or its level lines.

    The field has power about ``frequency`` (cycles per pixel, 0 for the smoothest) and is cut from a
    periodic one twice as large. ``line`` is the width of the level lines, drawn at every ``level``.
    """
    wide = 2 * size
    f = torch.fft.fftfreq(wide, dtype=torch.float64)
    filter = (-((f[:, None].hypot(f) - frequency) ** 2) / (4 * bandwidth**2)).exp()
    z = torch.randn(n, wide, wide, generator=generator, dtype=torch.float64)
    field = torch.fft.ifft2(filter * torch.fft.fft2(z)).real / filter.square().mean().sqrt()
    field = field[:, : size + 2, : size + 2]
    dy, dx = torch.gradient(field, dim=(1, 2))
    slope = (dy**2 + dx**2).sqrt().clamp_min(0.02)  # where the field is flat, edges are soft
    if line is None:
        mask = edge((field - level) / slope)
    else:
        nearest = (field - (field / level).round() * level).abs()
        mask = 1 - edge(line / 2 - nearest / slope)
    return tones(mask[:, 1:-1, 1:-1], generator)


def cells(n, size, generator, *, spacing: float, style: str) -> Tensor:
    """The cells around jittered lattice points, drawn in one of four styles.

    ``mosaic``: a tone for each cell, dark joints; ``cracks``: dark borders; ``pebbles``: light in the
    middle, dark towards the border; ``tissue``: light borders and a nucleus.
    """
    y, x = grid(size)
    shift = [spacing * uniform(n, generator), spacing * uniform(n, generator)]
    far = torch.full((n, size, size), 1e9, dtype=torch.float64)
    first, second, shade = far, far, far
    count = math.ceil(size / spacing) + 3
    for i in range(count * count):
        cy = (i // count - 1.5 + uniform(n, generator, -0.42, 0.42)) * spacing + shift[0]
        cx = (i % count - 1.5 + uniform(n, generator, -0.42, 0.42)) * spacing + shift[1]
        distance = (y - cy).hypot(x - cx)
        shade = torch.where(distance < first, uniform(n, generator), shade)
        second = torch.minimum(second, torch.maximum(first, distance))
        first = torch.minimum(first, distance)
    border = (second - first) / 2  # about the distance from the border, at its middle exactly
    if style == "mosaic":
        return 0.08 + edge(border - 0.5) * (0.2 + 0.64 * shade)
    if style == "cracks":
        return tones(edge(border - 0.7), generator)
    if style == "pebbles":
        return tones((border / (0.45 * spacing)).clamp(0, 1).sqrt(), generator)
    if style == "tissue":
        body = 0.35 * edge(border - 0.8)
        return tones(1 - body - 0.65 * edge(0.2 * spacing - first), generator)
    raise ValueError(f"style must be mosaic, cracks, pebbles or tissue; got {style!r}")


def lines(
    n, size, generator, *, count: int, angles: tuple[float, ...], spread: float = 4.0,
    width: float = 1.4, length: float | None = None,
) -> Tensor:  # fmt: skip
    """Straight light lines at random places, in the directions ``angles``, give or take ``spread``.

    ``count`` lines in a disc about the image, each ``length`` long, or from edge to edge.
    """
    y, x = grid(size)
    middle, reach = (size - 1) / 2, size / math.sqrt(2)
    mask = torch.zeros(n, size, size, dtype=torch.float64)
    for i in range(count):
        a = torch.deg2rad(angles[i % len(angles)] + uniform(n, generator, -spread, spread))
        along = (x - middle) * a.cos() + (y - middle) * a.sin() - uniform(n, generator, -reach, reach)
        across = (y - middle) * a.cos() - (x - middle) * a.sin() - uniform(n, generator, -reach, reach)
        here = edge(width / 2 - across.abs())
        if length is not None:
            here = here * edge(length / 2 - along.abs())
        mask = torch.maximum(mask, here * uniform(n, generator, 0.6, 1.0))
    return tones(mask, generator)


def leaves(
    n, size, generator, *, count: int, radii: tuple[float, float], shape: str = "disc"
) -> Tensor:
    """Dead leaves: ``count`` opaque shapes of random tone and place, each covering those below.

    ``radii`` smallest and largest; the density of radii falls as r^-3, as in natural images. ``shape``
    is disc, square (turned at random) or petal (long and thin). The ground has one more tone.
    """
    y, x = grid(size)
    small, large = radii
    seen = torch.ones(n, size, size, dtype=torch.float64)  # what the shapes above leave uncovered
    images = torch.zeros_like(seen)
    for _ in range(count):  # from the top down
        u = uniform(n, generator)
        r = 1 / ((1 - u) / small**2 + u / large**2).sqrt()
        a = math.pi * uniform(n, generator)
        dy = y - uniform(n, generator, -large, size + large)
        dx = x - uniform(n, generator, -large, size + large)
        along, across = dx * a.cos() + dy * a.sin(), dy * a.cos() - dx * a.sin()
        if shape == "square":
            depth = r - torch.maximum(along.abs(), across.abs())
        elif shape == "petal":
            depth = (r - along.hypot(3 * across)) / 2
        else:
            depth = r - dx.hypot(dy)
        cover = seen * edge(depth)
        images = images + cover * uniform(n, generator, 0.05, 0.95)
        seen = seen - cover
    return images + seen * uniform(n, generator, 0.05, 0.95)


def gabors(
    n, size, generator, *, count: int, frequency: float, width: float,
    angle: float | None = None, even: bool = True,
) -> Tensor:  # fmt: skip
    """A few wave packets ``exp(-r^2 / 2 width^2) cos(2 pi f u)`` at random places, on grey.

    All in the direction ``angle``, or each in its own; ``frequency`` in cycles per pixel; rings
    instead of waves if not ``even``. Sums beyond black and white are pressed in by tanh.
    """
    y, x = grid(size)
    total = torch.zeros(n, size, size, dtype=torch.float64)
    for _ in range(count):
        dy, dx = y - uniform(n, generator, 0, size), x - uniform(n, generator, 0, size)
        a = uniform(n, generator, 0, math.pi) if angle is None else torch.tensor(math.radians(angle))
        u = dx * a.cos() + dy * a.sin() if even else dx.hypot(dy)
        packet = (-(dy**2 + dx**2) / (2 * width**2)).exp()
        total = total + packet * torch.cos(2 * math.pi * (frequency * u + uniform(n, generator)))
    return 0.5 + 0.42 * torch.tanh(1.3 * total)
