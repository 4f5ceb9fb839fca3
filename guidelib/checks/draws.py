"""Random numbers for the cases that a checker tries."""

import torch


def uniform(generator: torch.Generator, low: float, high: float) -> float:
    """A number between low and high."""
    return low + (high - low) * torch.rand((), generator=generator, dtype=torch.float64).item()
