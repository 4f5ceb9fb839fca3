"""Still pictures of the figures that move, for print, notebooks and readers without scripts.

One function for each module of chapters/figures, with the options of the figure as its parameters: their
names and types are what a chapter may write. Drawn by ``python -m tools.figures``.
"""

from __future__ import annotations

import numpy as np
import torch

from guidelib import plots
from guidelib.exact.mixtures import GaussianMixture


def noise(weights: list[float], means: list[float], widths: list[float], sigma: float, probe: float):
    """Density, class probabilities, score and denoiser of a mixture at one noise level."""
    plots.use_style()
    mixture = GaussianMixture(weights, means, [width**2 for width in widths])
    x = torch.linspace(-7, 7, 281, dtype=torch.float64)
    kinds = ["class0", "class1", "feature"]
    figure, axes = plots.panels(2, 2, height=4.8)
    (density, classes), (slope, guess) = axes
    post, pdf = mixture.posterior(x, sigma), mixture.log_prob(x, sigma).exp()
    rng = torch.Generator().manual_seed(1)
    clean, label = mixture.sample(2000, rng)
    noisy = clean + sigma * torch.randn(2000, generator=rng, dtype=torch.float64)
    for k, mean in enumerate(means):
        color = plots.COLORS[kinds[k]]
        density.fill_between(x, post[:, k] * pdf, color=color, alpha=0.3, lw=0)
        plots.curve(classes, x, post[:, k], color=color)
        plots.name(classes, -7 if mean < 0 else 4.6, 0.86, f"class {k}", color, dx=3)
        guess.scatter(noisy[label == k], clean[label == k], s=2, lw=0, color=color, alpha=0.6)
    plots.curve(density, x, pdf, color="#333333")
    plots.curve(slope, x, mixture.score(x, sigma), color="#333333")
    guess.plot([-5, 5], [-5, 5], color="#BBBBBB", lw=0.8)
    plots.curve(guess, x, mixture(x, sigma), color="#333333")
    at = torch.tensor([probe], dtype=torch.float64)
    slope.plot(at, mixture.score(at, sigma), "o", color="#333333", ms=4)
    guess.plot(at, mixture(at, sigma), "o", color="#333333", ms=4)
    density.set(title=rf"density $p_\sigma(x)$, $\sigma = {sigma:g}$", ylim=(0, None))
    classes.set(title=r"probability of each class, $p(k \mid x_\sigma)$", ylim=(0, 1.06))
    slope.set(title=r"score $s(x, \sigma)$", ylim=(-5, 5))
    guess.set(title=r"denoiser $D(x, \sigma)$: clean against noisy", ylim=(-5, 5))
    for ax in axes.flat:
        ax.set(xlim=(-7, 7), xticks=np.arange(-6, 7, 3))
        ax.axvline(probe, color="#CCCCCC", lw=0.8, zorder=0)
    for ax in axes[1]:
        ax.set_xlabel("noisy point $x$")
    return figure


DRAW = {"noise": noise}
