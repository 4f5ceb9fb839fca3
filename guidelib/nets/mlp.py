"""Small networks on points, (B, d), for worlds whose exact denoiser is known."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from guidelib.denoisers import check_labels
from guidelib.nets.projection import Projected

FEATURES = 16  # of each hidden layer


class MLP(nn.Module):
    """A blind denoiser of points, ``D = F(x)``: ``depth`` hidden layers of ``width`` SiLU units.

    With ``num_classes`` > 0 a learned vector of the label is added to x; ``cond=None`` and the label
    ``num_classes`` ask for the unconditional mean. sigma is not looked at. Raises ValueError for points
    of another dimension and labels out of range.
    """

    def __init__(self, dim: int, width: int = 128, depth: int = 3, num_classes: int = 0):
        super().__init__()
        self.config = {"dim": dim, "width": width, "depth": depth, "num_classes": num_classes}
        self.dim, self.num_classes = dim, num_classes
        self.layers = nn.ModuleList(nn.Linear(width if i else dim, width) for i in range(depth))
        self.block_widths = [FEATURES] * depth
        self.out = nn.Linear(width, dim)
        if num_classes:
            self.label_embedding = nn.Embedding(num_classes + 1, width)

    def forward(self, x: Tensor, sigma=None, cond=None) -> Tensor:
        """``E[x0 | x_sigma = x, cond]``, in the shape and dtype of x."""
        return self.denoise(x, sigma, cond)

    def denoise(self, x: Tensor, sigma, cond, after_block=None) -> Tensor:
        """The denoised points; ``after_block(i, a)`` may change the activations a of layer i."""
        if x.ndim != 2 or x.shape[1] != self.dim:
            raise ValueError(f"this network takes points (B, {self.dim}); got {tuple(x.shape)}")
        a = x.to(self.out.weight.dtype)
        for i, layer in enumerate(self.layers):
            a = layer(a)
            if self.num_classes and i == 0:
                a = a + self.label_embedding(self._labels(x, cond))
            a = F.silu(a)
            if after_block:
                a = after_block(i, a)
        if cond is not None and not self.num_classes:
            raise ValueError("this network knows no classes: call it without cond")
        return self.out(a).to(x.dtype)

    def _labels(self, x: Tensor, cond) -> Tensor:
        if cond is None:
            return torch.full((len(x),), self.num_classes, device=x.device)
        return cond if self.training else check_labels(cond, len(x), self.num_classes).to(x.device)


class ProjectedMLP(Projected, MLP):
    """An ``MLP`` whose first 16 units of each hidden layer are its features; a gain for each."""

    def __init__(self, dim: int, width: int = 128, depth: int = 3):
        super().__init__(dim, width, depth)
        self.config = {"dim": dim, "width": width, "depth": depth}
        self.add_gains()

    def mean(self, a: Tensor, i: int) -> Tensor:
        """The first units themselves: a point has no places to average over."""
        return a[:, :FEATURES]

    def add(self, a: Tensor, push: Tensor) -> Tensor:
        """The push on the first units."""
        return a + F.pad(push, (0, a.shape[1] - FEATURES)).to(a.dtype)
