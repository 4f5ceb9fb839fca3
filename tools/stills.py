"""Still pictures of the figures that move, for print, notebooks and readers without scripts.

One function for each module of chapters/figures, with the options of the figure as its parameters: their
names and types are what a chapter may write. Drawn by ``python -m tools.figures``.
"""

from __future__ import annotations

import numpy as np
import torch

from guidelib import plots
from guidelib.exact.mixtures import GaussianMixture
from guidelib.exact.transport import mixture_law, ode_law, sde_law, tilted_law, wasserstein1
from guidelib.guidance import cfg, denoised_feature, forcing
from guidelib.samplers import sample_ddim, sample_ddpm, sample_heun, sample_sde
from guidelib.schedules import geometric_sigmas
from tools.half_rings import rules


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


def guidance(scale: float, separation: float, weight: float, beta: float):
    """The four laws of guidance at one setting, and paths that lead to two of them."""
    plots.use_style()
    world = GaussianMixture([weight, 1 - weight], [0.0, -float(separation)], [1.0, 1.0])
    guided = cfg(world, scale)
    laws = {
        "conditional": mixture_law(world, 0),
        "tilted": tilted_law(world, 0, scale),
        "sde": sde_law(guided, 1e6, 0, beta=beta),
        "ode": ode_law(guided, 1e6, 0),
    }
    words = {"conditional": "true class", "tilted": "tilted", "sde": "SDE", "ode": "ODE"}
    figure, (left, right) = plots.panels(2, height=3.3, gridspec_kw={"width_ratios": [1, 1.5]})
    sigmas = geometric_sigmas(160, 0.02, 300.0)
    start = 300 * torch.randn(1000, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    for kind, sampler, settings in (("ode", sample_heun, {}), ("sde", sample_sde, {"beta": beta})):
        path = []
        end = sampler(
            guided, start, sigmas, torch.zeros(1000).long(), generator=torch.Generator().manual_seed(2),
            callback=lambda i, sigma, x, D, path=path: path.append(x[:14] / (1 + sigma**2) ** 0.5),
            **settings,
        )  # fmt: skip
        plots.paths(left, sigmas[:-1], torch.stack(path), plots.COLORS[kind])
        plots.histogram(right, end, kind, bins=np.linspace(-5, 6, 56), alpha=0.2)
    plots.noise_axis(left, ticks=(30, 3, 0.3, 0.03))
    left.set(xlim=(60, 0.02), ylim=(-5, 6), ylabel=r"$x_\sigma / \sqrt{1 + \sigma^2}$", title="on the way")
    at = np.linspace(-5, 6, 441)
    for kind, law in laws.items():
        pdf = law.pdf(at)
        plots.law(right, at, pdf, kind, fill=kind == "conditional")
    peaks = sorted(laws, key=lambda kind: -laws[kind].pdf(at).max())
    for i, kind in enumerate(peaks):
        text = f"{words[kind]}: mean {laws[kind].mean:.2f}, spread {laws[kind].std:.2f}"
        right.text(0.98, 0.97 - 0.09 * i, text, color=plots.COLORS[kind], ha="right", va="top",
                   transform=right.transAxes, fontsize=8)  # fmt: skip
    top = 1.6 * max(law.pdf(at).max() for law in laws.values())
    right.set(xlim=(-5, 6), ylim=(0, top), xlabel="$x$ in class widths", ylabel="density")
    right.set_title(rf"$g = {scale:g}$, separation $\rho = {separation:g}$, weight {weight:g}")
    return figure


def trajectories(
    weights: list[float], means: list[float], widths: list[float], solver: str, steps: int, seed: int
):
    """Paths from noise to data by one solver, the exact flow behind them, and the law at the end."""
    plots.use_style()
    mixture = GaussianMixture(weights, means, [width**2 for width in widths])
    sampler = {"euler": sample_ddim, "heun": sample_heun, "ancestral": sample_ddpm}[solver]
    rng = torch.Generator().manual_seed(seed)
    sigmas = geometric_sigmas(steps, 0.05, 20.0)
    path = []
    end = sampler(
        mixture, 20 * torch.randn(2000, generator=rng, dtype=torch.float64), sigmas, generator=rng,
        callback=lambda i, sigma, x, D: path.append(x),
    )  # fmt: skip
    levels = sigmas.clone()
    levels[-1] = 0.025  # where 0 is drawn
    seen = torch.stack([*path, end]) / (1 + levels[:, None] ** 2).sqrt()
    kind = mixture.posterior(end).argmax(1)
    figure, (fan, side) = plots.panels(
        2, height=3.4, sharey=True, gridspec_kw={"width_ratios": [3.4, 1], "wspace": 0.02}
    )
    noise, grid = torch.logspace(1.31, -1.61, 61, dtype=torch.float64), torch.linspace(-3.4, 3.4, 161)
    spread = torch.tensor(widths)[:, None, None] ** 2 + noise**2
    at = grid[:, None] * (1 + noise**2).sqrt()
    below = torch.special.ndtr((at - torch.tensor(means)[:, None, None]) / spread.sqrt())
    mass = (mixture.weights[:, None, None] * below).sum(0)
    fan.contour(noise, grid, mass, (torch.arange(15) + 0.5) / 15, colors="#CCCCCC", linewidths=0.8)
    for k in range(len(means)):
        color = plots.COLORS[["class0", "class1", "feature"][k]]
        plots.paths(fan, levels, seen[:, :32][:, kind[:32] == k], color, alpha=0.9)
        weights_of = np.full(int((kind == k).sum()), 56 / 6.8 / 2000)
        side.hist(end[kind == k], bins=np.linspace(-3.4, 3.4, 57), weights=weights_of, color=color,
                  alpha=0.6, orientation="horizontal")  # fmt: skip
    side.plot(mixture.log_prob(grid).exp(), grid, color="#333333")
    plots.noise_axis(fan, ticks=(20, 5, 1, 0.2, 0.05))
    fan.set(xlim=(20, 0.025), ylim=(-3.4, 3.4), ylabel=r"$x_\sigma / \sqrt{1 + \sigma^2}$")
    words = {"euler": "Euler (DDIM)", "heun": "Heun", "ancestral": "ancestral (DDPM)"}
    fan.set_title(f"{words[solver]}, {steps} steps")
    side.set(xlabel="density", title="law at the end")
    return figure


def push(push: str, sampler: str, strength: float, off: float, separation: float, seed: int):
    """Particles under a push that is let go, the classes as they part, and the law at the end."""
    plots.use_style()
    rho = float(separation)
    world = GaussianMixture([0.5, 0.5], [0.0, -rho], [1.0, 1.0])
    release = ((rho / off) ** 2 - 1) ** 0.5
    if push == "spring":
        rule = forcing(world, world.means, lambda s: strength / (1 + s**2) * (s > release))
    else:
        rule = denoised_feature(world, world.means, lambda s: strength * (s > release))
    law = (ode_law if sampler == "ode" else sde_law)(rule, 100.0, 0, breaks=[release])
    early = int(180 * np.log(100 / release) / np.log(100 / 0.03))
    sigmas = torch.cat([geometric_sigmas(early + 1, release, 100.0)[:early],
                        geometric_sigmas(180 - early, 0.03, release)])  # fmt: skip
    rng = torch.Generator().manual_seed(seed)
    path = []
    end = (sample_ddim if sampler == "ode" else sample_ddpm)(
        rule, 100 * torch.randn(2000, generator=rng, dtype=torch.float64), sigmas,
        torch.zeros(2000).long(), generator=rng, callback=lambda i, sigma, x, D: path.append(x),
    )  # fmt: skip
    levels = sigmas.clone()
    levels[-1] = 0.02  # where 0 is drawn
    seen = torch.stack([*path, end]) / (1 + sigmas[:, None] ** 2).sqrt()
    figure, (fan, side) = plots.panels(
        2, height=3.6, sharey=True, gridspec_kw={"width_ratios": [3.2, 1], "wspace": 0.04}
    )
    fan.axvspan(60, release, color=plots.COLORS["feature"], alpha=0.1, lw=0)
    noise = np.geomspace(60, 0.02, 121)
    for distance, kind in ((0.0, "conditional"), (rho, "mixture")):
        centre = -distance / np.sqrt(1 + noise**2)
        fan.fill_between(noise, centre - 1, centre + 1, color=plots.COLORS[kind], alpha=0.16, lw=0)
    ends = {"feature": end >= -rho / 2, "class1": end < -rho / 2}
    bins = np.linspace(-rho - 3, 4.6, 65)
    for kind, here in ends.items():
        plots.paths(fan, levels, seen[:, :30][:, here[:30]], plots.COLORS[kind], alpha=0.8)
        weights = np.full(int(here.sum()), 1 / (2000 * (bins[1] - bins[0])))
        side.hist(end[here], bins=bins, weights=weights, color=plots.COLORS[kind], alpha=0.45,
                  orientation="horizontal")  # fmt: skip
    fan.axvline((rho**2 / 4 - 1) ** 0.5, color="#777777", lw=1, ls=(0, (4, 3)))
    fan.axvline(release, color=plots.COLORS["feature"], lw=1.2)
    for at, word, color, dx in (
        ((rho**2 / 4 - 1) ** 0.5, "speciation, $r = 2$", "#777777", -4),
        (release, f"let go, $r = {off:g}$", plots.COLORS["feature"], 4),
    ):
        plots.name(fan, at, 3.7, word, color, dx=dx if off > 2 else -dx, dy=0)
    plots.noise_axis(fan, ticks=(50, 10, 2, 0.5, 0.1))
    fan.set(xlim=(60, 0.02), ylim=(-rho - 3, 4.6), ylabel=r"$u$, in class widths")
    words = {"spring": "Spring on the noisy point", "denoised": "Push on the denoised point"}
    fan.set_title(rf"{words[push]}, $\kappa = {strength:g}$, {sampler.upper()}")
    truth, at = mixture_law(world, 0), np.linspace(-rho - 3, 4.6, 400)
    side.plot(truth.pdf(at), at, color=plots.COLORS["conditional"])
    side.plot(law.pdf(at), at, color=plots.COLORS["feature"])
    numbers = (f"spread {law.std:.2f}", f"wrong class {law.cdf(-rho / 2):.1%}",
               rf"$W_1$ {wasserstein1(law, truth):.3f}")  # fmt: skip
    side.text(0.97, 0.5, "\n".join(numbers), color=plots.COLORS["feature"], ha="right", va="center",
              transform=side.transAxes, fontsize=8)  # fmt: skip
    side.set(xlabel="density", title="where they end", xlim=(0, 0.5))
    return figure


DRAW = {
    "noise": noise, "trajectories": trajectories, "guidance": guidance, "push": push, "rules": rules
}  # fmt: skip
