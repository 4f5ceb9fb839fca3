"""What a classifier learns from: clean images and their labels. It judges samples, and guides none."""

import torch
import torch.nn.functional as F
from torch import Tensor

from guidelib.recipes.measures import accuracy


def draw(data, n: int, generator: torch.Generator) -> dict[str, Tensor]:
    """A batch of clean images ``x`` and their labels ``cond``."""
    i = torch.randint(len(data.images), (n,), generator=generator, device=data.images.device)
    return {"x": data.images[i], "cond": data.labels[i]}


def loss(net, x: Tensor, cond: Tensor) -> Tensor:
    """The cross-entropy of each row in nats, (B,)."""
    return F.cross_entropy(net(x).float(), cond, reduction="none")


SETTINGS = {
    "draw": draw, "loss": loss, "metrics": accuracy,
    "steps": 3000, "batch": 128, "lr": 2e-3, "weight_decay": 0.01,
}  # fmt: skip
