"""The training loop of experiments that train: nothing on disk, no running average of the weights."""

import torch
from torch import nn
from tqdm import tqdm

from guidelib.runs import has_bf16
from guidelib.training import Recipe


def fit(net: nn.Module, recipe: Recipe, data, seed: int, steps: int, name: str) -> nn.Module:
    """Train ``net`` on the CPU with the batches, loss, rate and clipping of ``recipe``, and return it.

    Batches are those of ``guidelib.training`` for the same seed. Raises FloatingPointError for a network
    that is not finite in the end.
    """
    net.to(memory_format=torch.channels_last).train()
    optimizer = torch.optim.Adam([p for p in net.parameters() if p.requires_grad], fused=True)
    bf16, generator = has_bf16(torch.device("cpu")), torch.Generator()
    for step in tqdm(range(steps), desc=name, mininterval=1.0, leave=False):
        generator.manual_seed((seed << 32) + step)
        batch = recipe.draw(data, recipe.batch, generator)
        for group in optimizer.param_groups:
            group["lr"] = recipe.rate(step, steps)
        with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
            loss = recipe.loss(net, **batch).mean()
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), recipe.clip)
        optimizer.step()
        optimizer.zero_grad()
    if not all(p.isfinite().all() for p in net.parameters()):
        raise FloatingPointError(f"{name}: weights are not finite after {steps} steps")
    return net.eval()
