"""The score of a mixture of 512 components in the plane at 8,192 points, in float64.

Against a plain loop over the components, and against automatic differentiation: of a log density
written by hand, of our own, and of torch.distributions.
"""

import math
import multiprocessing
import re
import resource
from pathlib import Path

import torch
from torch import distributions

from benchmarks.measure import agree, interleaved, milliseconds, table
from guidelib.exact.mixtures import GaussianMixture

POINTS, COMPONENTS, SIGMA = 8192, 512, 0.1
KINDS = ("isotropic", "full")
TOLERANCE = 1e-9


def world(kind: str):
    """weights (K,), means (K, 2), covs, and points (N, 2) drawn from the whole of it."""
    generator = torch.Generator().manual_seed(0)
    draw = {"generator": generator, "dtype": torch.float64}
    weights = torch.rand(COMPONENTS, **draw) + 0.1
    means = 3 * torch.randn(COMPONENTS, 2, **draw)
    if kind == "isotropic":
        covs = 0.05 + torch.rand(COMPONENTS, **draw)
    else:
        root = torch.randn(COMPONENTS, 2, 2, **draw) / 2
        covs = root @ root.mT + 0.05 * torch.eye(2, dtype=torch.float64)
    return weights / weights.sum(), means, covs, 3 * torch.randn(POINTS, 2, **draw)


def dense(covs):
    """Every covariance with its noise as a matrix, (K, 2, 2)."""
    eye = torch.eye(2, dtype=torch.float64)
    return (covs[:, None, None] * eye if covs.ndim == 1 else covs) + SIGMA**2 * eye


def gradient(log_prob, x):
    x = x.clone().requires_grad_()
    return torch.autograd.grad(log_prob(x).sum(), x)[0]


def candidates(kind: str) -> dict:
    """``name -> call()``, ours first; each gives the score at all points, (N, 2)."""
    weights, means, covs, x = world(kind)
    mixture = GaussianMixture(weights, means, covs)
    noisy = dense(covs)
    precisions, log_dets = torch.linalg.inv(noisy), torch.logdet(noisy)

    def loop():
        logs, pulls = [], []
        for k in range(COMPONENTS):
            gap = x - means[k]
            pull = -gap @ precisions[k]
            logs.append(weights[k].log() - 0.5 * log_dets[k] + 0.5 * (gap * pull).sum(1))
            pulls.append(pull)
        posterior = torch.softmax(torch.stack(logs), dim=0)
        return sum(p[:, None] * pull for p, pull in zip(posterior, pulls, strict=True))

    def by_hand(x):
        gap = x[:, None] - means
        if kind == "isotropic":
            distance = (gap**2).sum(-1) / noisy[:, 0, 0]
        else:
            distance = torch.einsum("bki,kij,bkj->bk", gap, precisions, gap)
        logs = weights.log() - 0.5 * (log_dets + distance) - math.log(2 * math.pi)
        return torch.logsumexp(logs, dim=1)

    family = distributions.MixtureSameFamily(
        distributions.Categorical(weights), distributions.MultivariateNormal(means, noisy)
    )
    return {
        "guidelib score": lambda: mixture.score(x, SIGMA),
        "loop over components": loop,
        "autograd of a log density by hand": lambda: gradient(by_hand, x),
        "autograd of guidelib's log_prob": lambda: gradient(lambda x: mixture.log_prob(x, SIGMA), x),
        "autograd of torch.distributions": lambda: gradient(family.log_prob, x),
    }


def check() -> dict[str, dict[str, float]]:
    """Relative difference of every score from ours; ValueError when one disagrees."""
    return {
        kind: agree({name: call() for name, call in candidates(kind).items()}, TOLERANCE)
        for kind in KINDS
    }


def peak_mib(kind: str, name: str) -> float:
    """Memory that one call takes at its peak, in a process of its own."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_peak, (kind, name))


def _peak(kind: str, name: str) -> float:
    torch.set_num_threads(1)
    call = candidates(kind)[name]
    before = high_water()
    call()
    return high_water() - before


def high_water() -> float:
    """The largest resident memory of this process so far, in MiB."""
    try:  # on Linux getrusage would report what the parent had reached
        status = Path("/proc/self/status").read_text()
        return int(re.search(r"VmHWM:\s*(\d+)", status)[1]) / 2**10
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20  # macOS counts bytes


def run(repetitions: int) -> str:
    gaps, rows = check(), []
    for kind in KINDS:
        times = interleaved(candidates(kind), repetitions)
        ours = times["guidelib score"][0]
        for name, t in times.items():
            row = [f"{kind}: {name}", milliseconds(t), f"{t[0] / ours:.1f}"]
            rows.append([*row, f"{peak_mib(kind, name):.0f}", f"{gaps[kind][name]:.0e}"])
    header = ["covariances, method", "ms, median (quartiles)", "over guidelib"]
    return table([*header, "peak memory, MiB", "difference from guidelib"], rows)
