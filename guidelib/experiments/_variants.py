"""Projected UNets that differ from the book's in one part."""

from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from guidelib.nets import ProjectedUNet
from guidelib.nets.unet import conv_upsampled


class StopGradient(ProjectedUNet):
    """The features of the examples are numbers: no gradient flows through phi(x')."""

    def _match_images(self, x, sigma, cond, images):
        phi = self.features(images).detach()
        return self(x, sigma, cond, phi=phi)


class BeforeReLU(ProjectedUNet):
    """Features are means before the last ReLU of a block, and are matched there."""

    def __init__(self, *settings):
        super().__init__(*settings)
        self.blocks = nn.ModuleList(Parts(block, relu=False) for block in self.blocks)

    def denoise(self, x, sigma, cond, after_block=None):
        """The denoised images; ``after_block`` sees the activations before the ReLU."""

        def after(i, a):
            return F.relu(after_block(i, a) if after_block else a)

        return super().denoise(x, sigma, cond, after)


class Parts(nn.Module):
    """A block with a normalisation after each convolution, with or without its last ReLU."""

    def __init__(self, block, norms=(), relu=True):
        super().__init__()
        self.first, self.second = block.first, block.second
        self.norms = nn.ModuleList(norms or (nn.Identity(), nn.Identity()))
        self.relu = relu

    def forward(self, a: Tensor, embedding=None, skip=None) -> Tensor:
        """As that of ``Block``; outputs can be below 0 without the last ReLU."""
        a = self.first(a) if skip is None else conv_upsampled(self.first, a, skip)
        a = F.relu(self.norms[0](a))
        a = self.norms[1](self.second(a))
        return F.relu(a) if self.relu else a


class RMS(nn.Module):
    """Each image over the root mean square of its activations, (C, H, W); a scale for each channel."""

    def __init__(self, channels: int):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(channels, 1, 1))

    def forward(self, a: Tensor) -> Tensor:
        """The same shape."""
        return a * (a.square().mean((1, 2, 3), keepdim=True) + 1e-6).rsqrt() * self.scale


class Normalised(ProjectedUNet):
    """``norm(channels)`` before every ReLU; ``bias=False`` fixes the biases of the blocks at 0."""

    def __init__(self, *settings, norm, bias=True):
        super().__init__(*settings)
        for block in self.blocks:
            for conv in (block.first, block.second):
                conv.bias.requires_grad_(bias)
        self.blocks = nn.ModuleList(
            Parts(block, [norm(width), norm(width)])
            for block, width in zip(self.blocks, self.block_widths, strict=True)
        )


def fixed_gains(*settings):
    """Gains that stay at 1."""
    net = ProjectedUNet(*settings)
    net.gains.requires_grad_(False)
    return net


def only(blocks, *settings):
    """Features are matched in some blocks; in the others the gains stay at 0."""
    net = ProjectedUNet(*settings)
    mask = torch.cat([torch.full((w,), float(i in blocks)) for i, w in enumerate(net.block_widths)])
    net.gains.data *= mask
    net.gains.register_hook(lambda gradient: gradient * mask)
    return net


layer_norm = partial(nn.GroupNorm, 1)  # over (C, H, W), with a scale and a shift for each channel
