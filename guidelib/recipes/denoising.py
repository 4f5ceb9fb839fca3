"""What all denoisers learn from: a batch of noisy points, and the squared error of their denoising."""

import torch
from torch import Tensor

from guidelib.schedules import linear_alpha_bar, sigma_from_alpha_bar


def draw(
    data, n: int, generator: torch.Generator, *, sigma: tuple, pairs=False, labels=False, null: float = 0.0
) -> dict[str, Tensor]:
    r"""A batch: clean points ``x0``, noisy ones ``x = x0 + sigma z``, and their ``sigma`` (n,).

    ``sigma`` is a law of ``noise_levels``. With ``pairs`` there are ``images``: for each row another
    example of its class. With ``labels`` there is ``cond``, replaced by the null label with probability
    ``null``. ``data`` must be sorted by label. Source: Kadkhodaie et al. 2024, algorithms 2 and 4.
    """
    home = data.images.device
    i = torch.randint(len(data.images), (n,), generator=generator, device=home)
    u = torch.rand(3, n, generator=generator, device=home)
    x0, y = data.images[i], data.labels[i]
    levels = noise_levels(u[0], *sigma).to(x0.dtype)
    z = torch.randn(x0.shape, generator=generator, device=home, dtype=x0.dtype)
    batch = {"x0": x0, "sigma": levels, "x": x0 + levels.reshape(-1, *[1] * (x0.ndim - 1)) * z}
    if pairs:
        first = torch.searchsorted(data.labels, y)
        count = torch.searchsorted(data.labels, y, right=True) - first
        steps = 1 + (u[1] * (count - 1)).long()  # never 0 steps: x' is not x, unless it is alone
        batch["images"] = data.images[first + (i - first + steps) % count]
    if labels:
        batch["cond"] = torch.where(u[2] < null, len(data.names), y)
    return batch


def noise_levels(u: Tensor, law: str, *bounds) -> Tensor:
    """Noise levels from uniform numbers u in [0, 1).

    "square", top: top u^2, denser at low noise; "uniform", low, top; "log", low, top: uniform in log sigma;
    "ddpm", scale: the levels of 1000 linear steps, uniform in the step, times ``scale`` (1/2 where Ho et
    al. have pixels in [-1, 1] and we in [0, 1]).
    """
    if law == "square":
        return bounds[0] * u.square()
    if law == "uniform":
        low, top = bounds
        return low + (top - low) * u
    if law == "log":
        low, top = bounds
        return low * (top / low) ** u
    if law == "ddpm":
        levels = bounds[0] * sigma_from_alpha_bar(linear_alpha_bar()).to(u)
        return levels[(u * len(levels)).long()]
    raise ValueError(f"unknown law of noise levels {law!r}; choose square, uniform, log or ddpm")


def loss(net, x, x0, sigma, cond=None, images=None, *, of: str = "x0") -> Tensor:
    r"""The squared error of each row, (B,), mean over its numbers.

    ``of`` "x0": :math:`|D - x_0|^2 = |s + \sigma z|^2` with s = D - x; of "eps": the same over
    sigma^2, which is :math:`|\hat\epsilon - z|^2`. Source: Ho et al. 2020, eq. 14.
    """
    paired = {} if images is None else {"images": images}
    error = (net(x, sigma, cond, **paired).to(x0.dtype) - x0).square().flatten(1).mean(1)
    return error / sigma.square() if of == "eps" else error


def by_label(dataset):
    """The data set sorted by label, in the same order within a class."""
    order = torch.argsort(dataset.labels, stable=True)
    return dataset._replace(images=dataset.images[order], labels=dataset.labels[order])
