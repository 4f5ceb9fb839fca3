"""A small classifier of images: it judges samples and is never their guide."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from guidelib.nets.unet import Block


class Classifier(nn.Module):
    """Class scores of clean images (B, channels, H, W) with values in [0, 1].

    The encoder half of the ``UNet``, then the mean over all places, ``features`` (B, widths[-1]), and one
    linear layer. Raises ValueError for images of another shape.
    """

    def __init__(self, num_classes: int, channels: int = 1, widths=(32, 64, 128)):
        super().__init__()
        self.config = {"num_classes": num_classes, "channels": channels, "widths": list(widths)}
        self.num_classes, self.channels, self.levels = num_classes, channels, len(widths)
        self.blocks = nn.ModuleList(
            Block(i, o) for i, o in zip([channels, *widths[:-1]], widths, strict=True)
        )
        self.out = nn.Linear(widths[-1], num_classes)

    def features(self, x: Tensor) -> Tensor:
        """The penultimate layer, (B, widths[-1])."""
        step = 2 ** (self.levels - 1)
        if x.ndim != 4 or x.shape[1] != self.channels or min(x.shape[2:]) < step:
            raise ValueError(
                f"this network takes images (B, {self.channels}, H, W) of at least {step} x {step}; "
                f"got {tuple(x.shape)}"
            )
        a = (x.to(self.out.weight.dtype) - 0.5).contiguous(memory_format=torch.channels_last)
        for i, block in enumerate(self.blocks):
            a = block(F.avg_pool2d(a, 2) if i else a)
        return a.mean((2, 3))

    def forward(self, x: Tensor) -> Tensor:
        """Unnormalised log-probabilities, (B, num_classes)."""
        return self.out(self.features(x))
