"""The other libraries' networks, ``network(x, sigma)`` for grey images.

A peer that is not installed is left out.
"""

import importlib
import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from unittest.mock import MagicMock, patch

import torch
from torch import nn


def networks(side: int, attention: bool, dtype: str) -> dict:
    """``name -> network``; without attention in the memory order that was faster for this dtype."""
    found = {}
    packages = ["denoising_diffusion_pytorch", "smalldiffusion", "diffusers"]
    for package, make in zip(packages, (_lucidrains, _smalldiffusion, _diffusers), strict=True):
        if importlib.util.find_spec(package):
            name = "lucidrains" if make is _lucidrains else package
            net = make(side, attention)
            if not attention and (dtype == "fp32" or make is _lucidrains):
                net = net.to(memory_format=torch.channels_last)
            found[f"{name}, {'as it comes' if attention else 'no attention'}"] = net
    return found


class Zeros(nn.Module):
    """In the place of an attention that is added to its input."""

    def forward(self, x):
        return torch.zeros_like(x)


def _lucidrains(side, attention):
    Unet = _network("denoising_diffusion_pytorch", "denoising_diffusion_pytorch").Unet
    if attention:
        return Unet(dim=16, dim_mults=(1, 2, 4), channels=1)
    net = Unet(dim=22, dim_mults=(1, 2, 3), channels=1)
    net.mid_attn = Zeros()
    for stage in [*net.downs, *net.ups]:
        stage[2] = Zeros()
    return net


def _smalldiffusion(side, attention):
    Unet = _network("smalldiffusion", "model_unet").Unet
    settings = {} if attention else {"attn_resolutions": (), "dropout": 0.0}
    return Unet(side, 1, 1, ch=32, ch_mult=(1, 1, 2), num_res_blocks=1, **settings)


def _diffusers(side, attention):
    from diffusers import UNet2DModel

    down, up = ["DownBlock2D"] * 3, ["UpBlock2D"] * 3
    if attention:
        down, up = ["DownBlock2D", *["AttnDownBlock2D"] * 2], [*["AttnUpBlock2D"] * 2, "UpBlock2D"]

    class Sample(UNet2DModel):
        def forward(self, x, sigma):
            return super().forward(x, sigma, return_dict=False)[0]

    widths = (32, 32, 56) if attention else (32, 32, 64)
    return Sample(
        sample_size=side, in_channels=1, out_channels=1, block_out_channels=widths, layers_per_block=1,
        down_block_types=down, up_block_types=up, add_attention=attention, norm_num_groups=8,
    )  # fmt: skip


def _network(package: str, module: str) -> ModuleType:
    """A module of a package without the package's start, and with blanks for what only image files need."""
    bare = ModuleType(package)
    bare.__path__ = [str(Path(importlib.util.find_spec(package).origin).parent)]
    for used in ("accelerate", "einops.layers.torch", "PIL.Image", "scipy.optimize", "tqdm.auto"):
        importlib.import_module(used)  # before the patch, which forgets what is imported under it
    blanks = {"torchvision": MagicMock(), "ema_pytorch": MagicMock()}
    version = ModuleType(f"{package}.version")
    version.__version__ = ""
    with patch.dict(sys.modules, {package: bare, f"{package}.version": version, **blanks}):
        return importlib.import_module(f"{package}.{module}")
