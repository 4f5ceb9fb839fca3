"""Values that readers return: as tensors, compared, and shown in a line."""

import numpy as np
import torch
from torch import Tensor


def as_tensor(value) -> Tensor | None:
    """A number, list, array or tensor as a float64 tensor; None for anything else."""
    if isinstance(value, Tensor):
        return value.detach().to(torch.float64)
    try:
        return torch.as_tensor(np.asarray(value)).to(torch.float64)
    except (TypeError, ValueError, RuntimeError):
        return None


def fits(ours: Tensor, exact: Tensor) -> bool:
    """Have they the same shape? A number may come as an array with one entry."""
    return ours.shape == exact.shape or ours.numel() == exact.numel() == 1


def close(ours: Tensor, exact: Tensor, tolerance: float) -> bool:
    """Do they agree, relative to the largest number of the exact answer?"""
    ours, exact = ours.flatten(), exact.flatten()
    scale = max(exact.abs().max().item(), 1e-12) if exact.numel() else 1.0
    return bool(((ours - exact).abs() <= tolerance * scale).all())  # nan is never close


def copies(case: tuple) -> tuple:
    """The arguments again, tensors as new ones, so that nobody can change the originals."""
    return tuple(value.clone() if isinstance(value, Tensor) else value for value in case)


def unchanged(given: tuple, case: tuple) -> bool:
    """Are the tensors that a function was given still what they were?"""
    pairs = [(a, b) for a, b in zip(given, case, strict=True) if isinstance(b, Tensor)]
    return all(a.shape == b.shape and torch.equal(a, b) for a, b in pairs)


def difference(ours: list, exact: list) -> str:
    """In what way two answers differ: how many values, kind, shape, nan, or simply the numbers."""
    if len(ours) != len(exact):
        return f"return {len(exact)} values, not {len(ours)}."
    for a, b in zip(ours, exact, strict=True):
        mine, right = as_tensor(a), as_tensor(b)
        if mine is None:
            return f"return numbers or a tensor, not {type(a).__name__}."
        if not fits(mine, right):
            return f"the shape is {tuple(mine.shape)} and should be {tuple(right.shape)}."
        if not torch.isfinite(mine).all():
            return "there is a nan or an infinity in your answer."
    return "the numbers differ."


def show(value) -> str:
    """A value in a line: few digits, few entries; a function or a mixture by its name."""
    if isinstance(value, tuple):
        return "(" + ", ".join(show(part) for part in value) + ")"
    if isinstance(value, str):
        return repr(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return f"{value:.5g}"
    if isinstance(value, Tensor | np.ndarray | list):
        tensor = as_tensor(value)
        if tensor is not None and tensor.ndim == 0:
            return f"{tensor.item():.5g}"
        if tensor is not None and tensor.ndim == 1:
            entries = [f"{entry:.5g}" for entry in tensor[:6].tolist()]
            return f"[{', '.join(entries)}{', ...' if len(tensor) > 6 else ''}]"
        if tensor is not None:
            first = show(tensor.flatten())
            return f"{first} of shape {tuple(tensor.shape)}"
    name = getattr(value, "__name__", "")
    return name if name and name != "<lambda>" else type(value).__name__
