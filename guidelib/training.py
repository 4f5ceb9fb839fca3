"""The training loop.

Step k of a run draws its batch from a generator seeded with (seed, k) alone. So a run that was killed
and resumed sees what it would have seen, and several processes share one batch, each taking its rows.
"""

import copy
import time
from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import partial
from pathlib import Path

import torch
from tqdm import tqdm

from guidelib import checkpoints
from guidelib.datasets.dataset import data_hash
from guidelib.runs import (
    all_finite,
    check_finite,
    circumstances,
    from_main,
    has_bf16,
    make_accelerator,
    read_state,
    thin,
    write_state,
)

LOOK = 10  # steps between two looks at the loss; a look makes a GPU wait


@dataclass(frozen=True)
class Recipe:
    """A named run. ``network`` is a description for ``checkpoints.build``; ``data()`` gives the sets
    (train, test); ``draw(train, n, generator)`` a batch, a dict of tensors with n rows; ``loss(net,
    **batch)`` a number for each row; ``metrics(net, train, test)`` a dict for the card.
    """

    name: str
    about: str
    cost: str
    network: dict
    data: Callable
    draw: Callable
    loss: Callable
    metrics: Callable
    steps: int
    batch: int
    lr: float
    warmup: int = 200
    flat: float = 0.3  # share of the run after which the rate falls, linearly, to 0
    weight_decay: float = 0.0  # 0: AdamW is Adam
    clip: float = 1.0
    ema: float = 0.999
    bf16: bool = True

    def config(self) -> dict:
        """All that decides what the run learns, as it goes into the card."""
        values = {f.name: getattr(self, f.name) for f in fields(self) if f.name not in ("about", "cost")}
        return {name: _plain(value) for name, value in values.items()}

    def rate(self, step: int, steps: int) -> float:
        """The learning rate of a step: warm-up, flat, then linearly to 0."""
        fall = (steps - step) / max(1.0, (1 - self.flat) * steps)
        return self.lr * min(1.0, (step + 1) / self.warmup, fall)


def train(
    recipe: Recipe, seed: int = 0, device: str | None = None, steps: int | None = None, resume=False, out=None
) -> Path:
    """Run a recipe to its end and return the path of the weights; their card lies beside them.

    ``device`` None takes the best that is there. ``steps`` shortens or lengthens the run, and its
    schedule. With ``resume`` a run that was stopped at any step continues to the same weights, bit for
    bit on the same machine and threads; without, an unfinished run is an error, as is a finished one.
    Raises ValueError for a device that is not there, FloatingPointError for a loss that is not finite,
    OSError for a full disk; the last good state stays on disk in each case.
    """
    steps = recipe.steps if steps is None else steps
    if steps < 1 or not 0 <= seed < 2**31:
        raise ValueError(f"need steps >= 1 and a seed in 0..2^31 - 1; got {steps} and {seed}")
    accelerator = make_accelerator(device)
    device, main, processes = accelerator.device, accelerator.is_main_process, accelerator.num_processes
    if recipe.batch % processes:
        raise ValueError(f"{processes} processes do not divide a batch of {recipe.batch}")
    path = weights_path(recipe, seed, steps, out)
    saved = path.with_suffix(".state")
    if from_main(accelerator, lambda: finished(path, saved, resume)):
        return path

    with accelerator.main_process_first():  # what must be downloaded is downloaded once
        train_set, test_set = recipe.data()
    run = {"recipe": recipe.config(), "seed": seed, "steps": steps, "data": data_hash(train_set)}
    net = checkpoints.build(recipe.network, seed).to(device, memory_format=torch.channels_last).train()
    average = copy.deepcopy(net).requires_grad_(False)
    optimizer = torch.optim.AdamW(net.parameters(), weight_decay=recipe.weight_decay, fused=True)
    state = from_main(accelerator, lambda: read_state(saved, run) if saved.exists() else None)
    if state is None:
        state = {"step": 0, "losses": torch.zeros(steps), "seconds": 0.0}
    else:
        net.load_state_dict(state["net"])
        average.load_state_dict(state["average"])
        optimizer.load_state_dict(state["optimizer"])
    data = train_set._replace(images=train_set.images.to(device), labels=train_set.labels.to(device))
    wrapped = accelerator.prepare_model(net)
    bf16 = recipe.bf16 and has_bf16(device)
    torch.backends.cudnn.deterministic = True
    rows = slice(accelerator.process_index, None, processes)
    generator = torch.Generator(device)
    losses, last, every = state["losses"].to(device), state["step"], max(50, steps // 500 * 10)
    started = time.monotonic() - state["seconds"]

    bar = tqdm(total=steps, initial=last, desc=path.stem, disable=not main, mininterval=1.0)
    for step in range(last, steps):
        generator.manual_seed((seed << 32) + step)
        batch = recipe.draw(data, recipe.batch, generator)
        batch = {name: value[rows] for name, value in batch.items()}
        for group in optimizer.param_groups:
            group["lr"] = recipe.rate(step, steps)
        with torch.autocast(device.type, torch.bfloat16, enabled=bf16):
            loss = recipe.loss(wrapped, **batch).mean()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), recipe.clip)
        optimizer.step()
        optimizer.zero_grad()
        decay = min(recipe.ema, (1 + step) / (10 + step))
        with torch.no_grad():
            torch._foreach_lerp_(list(average.parameters()), list(net.parameters()), 1 - decay)
        losses[step] = loss.detach()

        if (step + 1) % LOOK and step + 1 < steps:
            continue
        losses[last : step + 1] = accelerator.reduce(losses[last : step + 1], "mean")
        last = check_finite(losses, last, step + 1, saved)
        bar.set_postfix(loss=f"{losses[max(0, last - 100) : last].mean().item():.4g}", refresh=False)
        bar.update(last - bar.n)
        if main and (last % every == 0 or last == steps) and all_finite(net):
            now = {"step": last, "losses": losses.cpu(), "seconds": time.monotonic() - started}
            parts = {"net": net, "average": average, "optimizer": optimizer}
            write_state(saved, run, now | {key: part.state_dict() for key, part in parts.items()})
    bar.close()
    if main:
        if not all_finite(net):
            raise FloatingPointError(f"weights are not finite after the last step; kept: {saved.name}")
        made = {"processes": processes, "precision": "bfloat16 autocast" if bf16 else "float32"}
        made |= circumstances(device) | {"seconds": round(time.monotonic() - started, 1)}
        # what is measured is what is kept: the average, in 16 bits
        average = average.eval().cpu()
        average.load_state_dict({k: v.half().float() for k, v in average.state_dict().items()})
        found = {"losses": thin(losses.cpu()), "metrics": recipe.metrics(average, train_set, test_set)}
        checkpoints.save(average, run | made | found, path)
        saved.unlink(missing_ok=True)
    accelerator.wait_for_everyone()
    accelerator.end_training()
    return path


def finished(path: Path, saved: Path, resume: bool) -> bool:
    """Whether nothing is left to do; ValueError if a run is there and is not to be resumed."""
    if not resume and path.exists():
        raise ValueError(f"{path.name} exists; move it away to train it again, or choose another --out")
    if not resume and saved.exists():
        raise ValueError(f"{saved.name} holds an unfinished run: add --resume, or delete that file")
    return path.exists()


def weights_path(recipe: Recipe, seed: int, steps: int, out=None) -> Path:
    """NAME.safetensors for seed 0 of the recipe as it stands; NAME-sS for any other run."""
    folder = checkpoints.CHECKPOINTS if out is None else Path(out)
    shipped = seed == 0 and steps == recipe.steps
    return folder / (f"{recipe.name}.safetensors" if shipped else f"{recipe.name}-s{seed}.safetensors")


def _plain(value):
    """A function as its name and settings; anything else as it is."""
    if isinstance(value, partial):
        return {"function": value.func.__name__, **value.keywords}
    return value.__name__ if callable(value) else value
