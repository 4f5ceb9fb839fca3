"""Conditioning that is switched off on the way, with the exact denoisers of the Gaussian classes.

The mixture and the conditional denoisers of this world have no error: what learned networks lose below
these shares is theirs.
"""

import torch

from guidelib.datasets.gaussian import GAUSSIAN, gaussian_textures
from guidelib.experiments.samples import LOW, SIZE, draw, rounded
from guidelib.experiments.switching import LEVELS, until


def experiment(load, names=tuple(GAUSSIAN), per_class: int = 4) -> dict:
    """Exact conditioning switched off at six noise levels: the share of samples that keep their class."""
    world = gaussian_textures(SIZE, names)
    y = torch.arange(len(names)).repeat(per_class)

    def exact(x, sigma, cond=None):
        return world(x[:, 0], sigma, cond)[:, None]

    def classes(denoiser):
        return world.posterior(draw(denoiser, y)[:, 0], LOW).argmax(1)

    full = classes(exact)
    kept = [(classes(until(exact, exact, level)) == full).double().mean().item() for level in LEVELS]
    return rounded({"kept": kept})
