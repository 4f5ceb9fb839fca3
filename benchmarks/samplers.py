"""Sampler overhead: microseconds per step that a sampler adds to its network.

Every library takes the same 50 noise levels of the linear DDPM schedule. First all of them denoise
with the same smooth function and must arrive at the same points; then the network is replaced by one
that hands back a fixed tensor, so that what remains is the sampler itself. In the largest batch that
is mostly arithmetic over 196,608 numbers and, for DDPM, the drawing of as many random ones.
"""

from functools import partial

import torch

from benchmarks import peers
from benchmarks.measure import agree, interleaved, milliseconds, table
from guidelib.samplers import sample_ddim, sample_ddpm, sample_heun
from guidelib.schedules import linear_alpha_bar, sigma_from_alpha_bar

STEPS = 50
TIMESTEPS = list(range(980, -1, -20))  # what diffusers calls "leading" spacing
SIGMAS = torch.cat([sigma_from_alpha_bar(linear_alpha_bar()[TIMESTEPS]), torch.zeros(1)]).float()
OURS = {"DDIM": sample_ddim, "Heun": sample_heun, "DDPM": sample_ddpm}
TOLERANCE = 1e-4  # everything is float32, the schedules of the peers too


def smooth(x, sigma):
    """A denoiser that no sampler can integrate by accident."""
    return torch.tanh(x / (1 + sigma**2))


def candidates(method: str, denoised=None, still=None) -> dict:
    """``name -> call(x)``, ours first; without ``denoised`` the network hands back ``still``."""

    def network(x, sigma, cond):
        return denoised(x, sigma)

    denoiser = network if denoised else lambda x, sigma, cond: still
    calls = {"guidelib": lambda x: OURS[method](denoiser, x, SIGMAS)}
    return calls | peers.samplers(method, SIGMAS, TIMESTEPS, denoised, still)


def start(shape: tuple[int, ...]):
    generator = torch.Generator().manual_seed(0)
    return SIGMAS[0] * torch.randn(shape, generator=generator)


@torch.no_grad()
def check() -> dict[str, dict[str, float]]:
    """Relative difference of every peer's samples from ours; ValueError when one disagrees."""
    x, gaps = start((8, 3, 8, 8)), {}
    for method in OURS:
        found = {}
        for name, call in candidates(method, smooth).items():
            torch.manual_seed(1)  # the stochastic ones draw the same numbers
            found[name] = call(x)
        gaps[method] = agree(found, TOLERANCE)
    return gaps


@torch.no_grad()
def run(repetitions: int) -> str:
    gaps, rows = check(), []
    libraries = ["guidelib", *peers.LIBRARIES]
    for shape in [(1, 2), (64, 2), (1, 3, 32, 32), (64, 3, 32, 32)]:
        x = start(shape)
        for method in OURS:
            calls = candidates(method, still=torch.zeros(shape))
            bound = {name: partial(call, x) for name, call in calls.items()}
            times = interleaved(bound, repetitions, STEPS)
            best = {  # a library may have two samplers for one method; its faster one counts
                library: min((t for name, t in times.items() if name.startswith(library)), default=None)
                for library in libraries
            }
            ours, *others = (best[library] for library in libraries)
            fastest = min(t[0] for t in others if t)
            cells = [milliseconds(t, 1e6) if t else "none" for t in best.values()]
            size = "x".join(map(str, shape))
            worst = max(gaps[method].values())
            rows.append([f"{method} {size}", *cells, f"{ours[0] / fastest:.2f}", f"{worst:.0e}"])
    header = ["sampler, batch", *libraries, "guidelib over fastest peer", "largest difference"]
    return table(header, rows) + "\n\nMicroseconds per step, median (quartiles)."
