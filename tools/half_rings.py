"""The world and the rules of the moving figure ``rules``, and its still picture; see tools.stills."""

from __future__ import annotations

import torch

from guidelib import plots
from guidelib.cfgpp import sample_cfgpp
from guidelib.denoisers import smoothed
from guidelib.exact.mixtures import GaussianMixture
from guidelib.guidance import (
    apg,
    autoguidance,
    cfg,
    interval,
    reg,
    rescale,
    zero_star,
)
from guidelib.samplers import sample_heun
from guidelib.schedules import geometric_sigmas

WORDS = {
    "plain": "unconditional",
    "conditional": "conditional",
    "cfg": "CFG",
    "late": r"CFG where $\sigma\leq0.5$",
    "plus": "CFG++",
    "apg": "APG",
    "rescaled": "rescaled CFG",
    "zero": "CFG-Zero*",
    "reg": "REG",
    "auto": "autoguidance",
}


def half_rings() -> tuple[GaussianMixture, GaussianMixture]:
    """The class, 24 Gaussians along a half ring, and both classes."""
    angle = torch.linspace(0, torch.pi, 24, dtype=torch.float64)
    ring = 2 * torch.stack([angle.cos(), angle.sin()], 1)
    both = torch.cat([ring, torch.tensor([2.0, 1.0]) - ring])
    one = GaussianMixture([1 / 24] * 24, ring, [0.12**2] * 24)
    return one, GaussianMixture([1 / 48] * 48, both, [0.12**2] * 48)


def apart(x):
    """The distance of points to the half ring."""
    ends = torch.hypot(x[:, 0].abs() - 2, x[:, 1])
    return torch.where(x[:, 1] > 0, (torch.hypot(x[:, 0], x[:, 1]) - 2).abs(), ends)


def guided(name: str, g: float, blur: float):
    """A rule of the figure ``rules`` on the half rings, the model blurred."""
    one, everything = half_rings()

    def exact(x, sigma, cond=None):
        return (everything if cond is None else one)(x, sigma)

    model = smoothed(exact, blur)
    rules = {
        "plain": lambda: cfg(model, 0),
        "conditional": lambda: cfg(model, 1),
        "cfg": lambda: cfg(model, g),
        "late": lambda: interval(cfg(model, g), model, 0.0, 0.5),
        "apg": lambda: apg(model, g),
        "rescaled": lambda: rescale(model, g),
        "zero": lambda: zero_star(model, g),
        "reg": lambda: reg(model, g),
        "auto": lambda: autoguidance(model, smoothed(exact, 0.4), g),
        "plus": lambda: model,
    }
    return rules[name]()


def rules(model: str, first: str, firstScale: float, second: str, secondScale: float, seed: int):  # noqa: N803
    """Two rules side by side on the half rings."""
    plots.use_style()
    one, everything = half_rings()
    noise = torch.randn(1000, 2, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    sigmas, label = geometric_sigmas(32, 0.015, 40.0), torch.zeros(1000).long()
    clean = one.sample(100_000, torch.Generator().manual_seed(0))[0]
    angle = torch.arange(8, dtype=torch.float64) * torch.pi / 8
    slices = torch.stack([angle.cos(), angle.sin()])
    quantile = (torch.arange(1000, dtype=torch.float64) + 0.5) / 1000
    wanted = (clean @ slices).quantile(quantile, dim=0)
    figure, axes = plots.panels(2, height=2.5)
    for ax, name, g, kind in ((axes[0], first, firstScale, "ode"), (axes[1], second, secondScale, "sde")):
        rule = guided(name, g, {"exact": 0.0, "blurred": 0.2}[model])
        if name == "plus":
            x = sample_cfgpp(rule, 40 * noise, sigmas, label, guidance_scale=g / 8)
        else:
            x = sample_heun(rule, 40 * noise, sigmas, label)
        wrong = everything.posterior(x)[:, :24].sum(1) < 0.5
        spread = (x - x.mean(0)).norm() / 1000**0.5 / ((clean - clean.mean(0)).norm() / 100_000**0.5)
        off = (apart(x) > apart(clean).quantile(0.99)).double().mean()
        distance = ((x @ slices).sort(0).values - wanted).abs().mean()
        for part, color, alpha in ((slice(24), "conditional", 0.28), (slice(24, 48), "mixture", 0.16)):
            ax.plot(*everything.means[part].T, color=plots.COLORS[color], lw=9, alpha=alpha,
                    solid_capstyle="round")  # fmt: skip
        ax.plot(*x[~wrong].T, ".", color=plots.COLORS[kind], ms=2.2, alpha=0.8, mew=0)
        ax.plot(*x[wrong].T, ".", color="#333333", ms=2.2, alpha=0.8, mew=0)
        ax.set(xlim=(-3.1, 4.3), ylim=(-1.7, 3.0), aspect="equal", xticks=[], yticks=[])
        ax.spines[:].set(visible=True, color="#DDDDDD")
        dial = "" if name in ("plain", "conditional") else f", $g = {g:g}$"
        if name == "plus":
            dial = f", $g_{{++}} = {g / 8:g}$"
        ax.set_title(WORDS[name] + dial, color=plots.COLORS[kind])
        ax.set_xlabel(f"spread {spread:.2f}, off the ring {off:.1%}, distance {distance:.3f}")
    return figure
