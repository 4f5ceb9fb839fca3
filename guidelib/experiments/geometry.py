"""Where 76 textures lie in feature space: separation by block, the density distance, the embedding."""

import torch

from guidelib.datasets import gaussian_textures, textures
from guidelib.datasets.gaussian import GAUSSIAN
from guidelib.geometry import (
    centroids,
    channel_means,
    cone,
    noise_levels,
    score_differences,
    separation,
    squared_distances,
)
from guidelib.guidance.features import feature_guided

LOW, HIGH = 0.05, 1.0  # below it, networks remove little noise; above it, no texture is left
QUADRATURE = noise_levels(5, LOW, HIGH)  # errs by 3e-4 on the Gaussian textures
DRAWS = 20  # of 16 channels from each block


def experiment(load, train=200, test=100, images=6, exact_images=32, names=None) -> dict:
    """Separation by block, the density distance, the embedding: 76 textures, two networks, no samples.

    ``train`` and ``test`` images of each class for features, ``images`` for the density distance, for that of
    the Gaussian classes among themselves ``exact_images``; of the classes ``names``, Gaussian ones first.
    """
    learn, held = (textures(split, size=24, names=names, per_class=n)
                   for split, n in (("train", train), ("test", test)))  # fmt: skip
    found, squares = {}, {}
    for kind in ("feature", "mixture"):
        net = load(f"textures-{kind}")
        phi_y = centroids(channel_means(net, learn.images), learn.labels)
        found[kind] = separated(net.block_widths, channel_means(net, held.images), held.labels, phi_y)
        squares[kind] = squared_distances(phi_y)
        if kind == "feature":
            denoiser = feature_guided(net, phi_y)
    world, G = exact_world(learn.names)
    upper, few = [torch.triu_indices(K, K, 1) for K in (len(phi_y), G)]
    square = {kind: values[*upper] for kind, values in squares.items()}
    halves = torch.stack([
        distance(differences(denoiser, held, len(phi_y), n, images))[*upper] for n in range(2)
    ])  # fmt: skip
    d2 = halves.mean(0)
    found["pairs"] = {"d2": digits(d2)} | {kind: digits(values) for kind, values in square.items()}
    found["halves"] = agreement(*halves)
    found["estimate"] = {kind: agreement(d2, values) for kind, values in square.items()}
    square = {kind: values[:G, :G][*few] for kind, values in squares.items()}
    A = differences(denoiser, held, G, 0, 2 * exact_images)
    exact, d2 = (world.jeffreys(LOW) - world.jeffreys(HIGH))[*few], distance(A)[*few]
    found["gaussian"] = {"d2": digits(d2)}
    found["exact"] = {kind: agreement(exact, values) for kind, values in square.items()}
    found["estimate of exact"] = agreement(exact, d2)
    network = (A + A.mT)[:, *few].mean(1)
    by_level = errors(denoiser, world, held.images[:, 0], held.labels, G)
    found["levels"] = {"sigma": digits(QUADRATURE[0]), "network": digits(network)} | by_level
    return found


def differences(denoiser, held, K: int, part: int, images: int):
    """Score differences of the first K classes by level, from half as many ``images`` of each: of ``part``
    0 or 1. In bfloat16, which moves them by half a percent."""
    n = images // 2
    rows = torch.cat([(held.labels == y).nonzero()[part * n :, 0][:n] for y in range(K)])
    x0, y = held.images[rows], held.labels[rows]
    with torch.autocast("cpu", torch.bfloat16):
        return score_differences(denoiser, x0, y, QUADRATURE[0], seed(1 + part))


def distance(A):
    """d^2 of all pairs, (K, K), from ``differences``."""
    return (QUADRATURE[1][:, None, None] * (A + A.mT)).sum(0)


def separated(widths, phi, y, phi_y) -> dict:
    """The median ratio and the share of images nearest to their centroid: all blocks, each, 16 channels."""
    parts = list(zip(phi.split(widths, 1), phi_y.split(widths, 1), strict=True))
    sixteen = torch.tensor([[0.0, 0.0]] * len(parts))
    for draw in range(DRAWS):
        for b, (a, c) in enumerate(parts):
            pick = torch.randperm(a.shape[1], generator=seed(draw))[: min(widths)]
            sixteen[b] += torch.tensor([median(separation(a[:, pick], y, c[:, pick])),
                                        nearest(a[:, pick], y, c[:, pick])]) / DRAWS  # fmt: skip
    ratio = separation(phi, y, phi_y)
    i, j = torch.triu_indices(len(phi_y), len(phi_y), 1)
    return {
        "median": round(median(ratio), 2),
        "nearest": round(nearest(phi, y, phi_y), 4),
        "below 10": round((ratio[i, j] < 10).double().mean().item(), 4),
        "blocks": [round(median(separation(a, y, c)), 2) for a, c in parts],
        "blocks nearest": [round(nearest(a, y, c), 4) for a, c in parts],
        "sixteen": [round(value, 2) for value in sixteen[:, 0].tolist()],
        "sixteen nearest": [round(value, 4) for value in sixteen[:, 1].tolist()],
    }


def median(ratio) -> float:
    """The median over pairs of classes."""
    return ratio[~ratio.isnan()].median().item()


def nearest(phi, y, phi_y) -> float:
    """The share of images whose features are nearest to the centroid of their class."""
    return (torch.cdist(phi, phi_y).argmin(1) == y).double().mean().item()


def agreement(d2, square) -> dict:
    """How well ``d2`` (N,) is a multiple of ``square`` (N,), or a function of it."""
    pair = torch.stack([d2, square])
    low, high = cone(d2, square)
    return {
        "R2": round((torch.corrcoef(pair)[0, 1] ** 2).item(), 4),
        "pearson": round(torch.corrcoef(pair)[0, 1].item(), 4),
        "spearman": round(torch.corrcoef(pair.argsort(1).argsort(1).double())[0, 1].item(), 4),
        "pearson of logs": round(torch.corrcoef(pair.log())[0, 1].item(), 4),
        "A": round(low, 4), "B": round(high, 4), "B/A": round(high / low, 3),
        "median ratio": round((square / d2).median().item(), 6),
    }  # fmt: skip


def errors(denoiser, world, images, labels, G: int, n: int = 4) -> dict:
    r"""By level, means over Gaussian classes: E |D_y - D*_y|^2 / sigma^2 on the class's own images, on those
    of another, and what is to be measured there, E |D*_y - D*_y'|^2 / sigma^2, of pairs."""
    first = torch.stack([(labels == y).nonzero()[:n, 0] for y in range(G)])
    x0, every = images[first.flatten()], torch.arange(G)
    own = every.repeat_interleave(n)
    table = {"own": [], "other": [], "exact": []}
    for sigma in QUADRATURE[0].tolist():
        x = x0 + sigma * torch.randn(x0.shape, generator=seed(2))
        rows, y = x.repeat_interleave(G, 0), every.repeat(len(x))
        mine = own.repeat_interleave(G)
        theirs = world(rows, sigma, y)
        off = gap(denoiser(rows[:, None], sigma, y)[:, 0], theirs, sigma)
        true = gap(theirs, world(x, sigma, own).repeat_interleave(G, 0), sigma)
        table["own"].append(off[y == mine].mean().item())
        table["other"].append(off[y != mine].mean().item())
        table["exact"].append(2 * true[y != mine].mean().item())
    return {name: [round(value, 2) for value in values] for name, values in table.items()}


def gap(a, b, sigma: float):
    """|a - b|^2 / sigma^2 of each row."""
    return (a - b).double().flatten(1).square().sum(1) / sigma**2


def exact_world(names):
    """The exact world of the Gaussian classes, which come first among ``names``, and their number."""
    gaussian = [name for name in names if name in GAUSSIAN]
    return gaussian_textures(24, gaussian), len(gaussian)


def digits(values) -> list[float]:
    """Four digits of each."""
    return [float(f"{value:.4g}") for value in values.tolist()]


def seed(n: int):
    """Random numbers of one's own."""
    return torch.Generator().manual_seed(n)
