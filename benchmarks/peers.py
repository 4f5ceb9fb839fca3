"""The other libraries' samplers, each called in the way its own documentation calls it.

A peer that is not installed is left out. What a peer prepares once per run (time steps, an
accelerator) is prepared outside of the call, in its favour. Each gets its network in its own
parametrisation, made from ``denoised(x, sigma)``; without one, the network hands back ``still``.
"""

import copy
import importlib.util
import math
from collections import deque
from pathlib import Path
from types import SimpleNamespace

import torch

LIBRARIES = ("diffusers", "azula", "smalldiffusion")


def samplers(method: str, sigmas, timesteps, denoised=None, still=None) -> dict:
    """``name -> call(x)`` for every installed peer that has the method; x lies at noise sigmas[0]."""
    found = {}
    for name, make in zip(LIBRARIES, (_diffusers, _azula, _smalldiffusion), strict=True):
        if importlib.util.find_spec(name):
            found |= make(method, sigmas, timesteps, denoised, still)
    return found


def _diffusers(method, sigmas, timesteps, denoised, still) -> dict:
    import diffusers

    kinds = {
        "DDIM": [diffusers.DDIMScheduler, diffusers.EulerDiscreteScheduler],
        "Heun": [diffusers.HeunDiscreteScheduler],
        "DDPM": [diffusers.DDPMScheduler],
    }
    calls = {}
    for kind in kinds[method]:
        preserving = kind in (diffusers.DDIMScheduler, diffusers.DDPMScheduler)  # of variance
        settings = {"beta_schedule": "linear", "beta_start": 1e-4, "beta_end": 0.02}
        settings |= {"clip_sample": False} if preserving else {}
        prepared = kind(timestep_spacing="leading", **settings)
        prepared.set_timesteps(len(timesteps))
        scale = math.sqrt(1 + sigmas[0] ** 2) if preserving else 1.0
        network = _eps_of_vp(denoised, still, sigmas, timesteps)
        calls[f"diffusers {kind.__name__}"] = _scheduler_loop(prepared, network, scale)
    return calls


def _eps_of_vp(denoised, still, sigmas, timesteps):
    level = dict(zip(timesteps, sigmas.tolist(), strict=False))

    def network(x_t, t):
        sigma = level[int(t)]
        x = x_t * math.sqrt(1 + sigma**2)
        return (x - denoised(x, sigma)) / sigma

    return network if denoised else lambda x_t, t: still


def _scheduler_loop(prepared, network, scale):
    def call(x):
        scheduler = copy.copy(prepared)  # it counts its steps and would not start again
        x = x / scale
        for t in scheduler.timesteps:
            eps = network(scheduler.scale_model_input(x, t), t)
            x = scheduler.step(eps, t, x, return_dict=False)[0]
        return x

    return call


def _azula(method, sigmas, timesteps, denoised, still) -> dict:
    from azula import denoise, noise, sample

    class Levels(noise.Schedule):  # alpha = 1, and the time is the noise level: no cheaper schedule
        def __call__(self, t):
            return torch.ones_like(t), t

    class Network(denoise.Denoiser):
        schedule = Levels()

        def forward(self, x_t, t):
            return denoise.DiracPosterior(mean=denoised(x_t, t) if denoised else still)

    def sampler(kind, levels):
        given = type(kind.__name__, (kind,), {"timesteps": property(lambda self: levels)})
        return given(Network(), steps=len(levels) - 1, silent=True)

    if method == "Heun":  # its last step divides by sigma = 0; ours and diffusers' is Euler's
        heun = sampler(sample.HeunSampler, sigmas[:-1])
        euler = sampler(sample.EulerSampler, sigmas[-2:])
        return {"azula HeunSampler": lambda x: euler(heun(x))}
    kinds = {"DDIM": [sample.DDIMSampler, sample.EulerSampler], "DDPM": [sample.DDPMSampler]}
    return {f"azula {kind.__name__}": sampler(kind, sigmas) for kind in kinds[method]}


def _smalldiffusion(method, sigmas, timesteps, denoised, still) -> dict:
    if method == "Heun":
        return {}
    samples = _without_its_package("smalldiffusion", "diffusion").samples
    base = _without_its_package("smalldiffusion", "model").ModelMixin

    class Network(torch.nn.Module, base):
        def forward(self, x, sigma, cond=None):
            return (x - denoised(x, sigma)) / sigma if denoised else still

    network, accelerator = Network(), SimpleNamespace()

    def call(x):
        network.input_dims = tuple(x.shape[1:])
        settings = {"mu": 0.5 if method == "DDPM" else 0.0, "batchsize": len(x)}
        return deque(samples(network, sigmas, xt=x, accelerator=accelerator, **settings), maxlen=1).pop()

    return {"smalldiffusion samples": call}


def _without_its_package(package: str, module: str):
    """A module loaded from its file: the package's start imports torchvision, for image data only."""
    folder = Path(importlib.util.find_spec(package).origin).parent
    spec = importlib.util.spec_from_file_location(f"{package}_{module}", folder / f"{module}.py")
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded
