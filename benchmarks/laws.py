"""What a guided sampler samples: the law computed, against the law estimated from samples.

Class 1 is N(0, 1) and all classes together are N(0, 2); at guidance scale 3 the ODE's variance is
2^-2 = 0.25 and the reverse SDE's is 31/80, exactly. Samples tell the standard deviation s to
s/sqrt(2n); what they would take for 1e-6, the accuracy that the computed laws promise, follows from n
alone, as if the steps of the sampler were exact.
"""

import math
import time

import torch

from benchmarks.measure import interleaved, table
from guidelib.exact.transport import ode_law, sde_law
from guidelib.samplers import sample_ddpm, sample_heun
from guidelib.schedules import karras_sigmas

SCALE = 3.0
TRUE_STD = {"ODE": math.sqrt(2 ** (1 - SCALE)), "SDE": math.sqrt(31 / 80)}
SAMPLES, STEPS = {"ODE": 2**18, "SDE": 2**15}, {"ODE": 100, "SDE": 1600}
TOLERANCE = 1e-6


def guided(x, sigma, cond):
    """D = D_u + g (D_c - D_u) of the two Gaussians."""
    conditional, unconditional = x / (1 + sigma**2), 2 * x / (2 + sigma**2)
    return unconditional + SCALE * (conditional - unconditional)


LAWS = {
    "ODE": lambda: ode_law(guided, sigma_max=1e6),
    "SDE": lambda: sde_law(guided, sigma_max=1e6),
}


def sampled_std(kind: str, samples: int) -> float:
    """The standard deviation of that many samples."""
    generator = torch.Generator().manual_seed(0)
    sigmas = karras_sigmas(STEPS[kind], sigma_min=0.01, sigma_max=100)
    x = sigmas[0] * torch.randn(samples, generator=generator, dtype=torch.float64)
    sampler = sample_heun if kind == "ODE" else sample_ddpm
    return sampler(guided, x, sigmas, generator=generator).std().item()


def check(samples: int = 2**13) -> dict[str, float]:
    """Error of each law's standard deviation; ValueError when law, formula and samples disagree."""
    errors = {}
    for kind, law in LAWS.items():
        true = TRUE_STD[kind]
        errors[kind] = abs(law().std - true)
        if not errors[kind] <= TOLERANCE:
            raise ValueError(f"the {kind} law's std is off by {errors[kind]:.2g}, over {TOLERANCE:.0e}")
        off, spread = sampled_std(kind, samples) - true, true / math.sqrt(2 * samples)
        if not abs(off) <= 5 * spread + 5e-3:
            raise ValueError(f"{samples} samples of the {kind} have a std that is off by {off:.2g}")
    return errors


def run(repetitions: int) -> str:
    errors, rows = check(), []
    times = interleaved(LAWS, repetitions)
    for kind, (median, low, high) in times.items():
        samples, true = SAMPLES[kind], TRUE_STD[kind]
        start = time.perf_counter()
        off = abs(sampled_std(kind, samples) - true)
        seconds = time.perf_counter() - start
        needed = 0.5 * (true / TOLERANCE) ** 2
        rows += [
            [f"{kind}: law computed", f"{median:.2f} s ({low:.2f} to {high:.2f})", f"{errors[kind]:.0e}"],
            [f"{kind}: {samples:,} samples, {STEPS[kind]} steps", f"{seconds:.1f} s (one run)", f"{off:.0e}"],
            [
                f"{kind}: {needed:.0e} samples",
                f"{seconds * needed / samples / 3600:.0f} hours (extrapolated)",
                f"{TOLERANCE:.0e}",
            ],
        ]
    return table(["law and method", "time, median (quartiles)", "error of the std"], rows)
