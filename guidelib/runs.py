"""What a training run needs around its loop: a device, its state on disk, a look at its numbers."""

import io
import json
import os
import platform
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from guidelib import __version__, checkpoints

if TYPE_CHECKING:  # takes a second to import, and only a training run needs it
    from accelerate import Accelerator


def make_accelerator(device: str | None) -> "Accelerator":
    """The processes and the device of a run; None is the best there is. ValueError if it is not there."""
    if device is not None:
        try:
            torch.empty(0, device=device)
        except (RuntimeError, AssertionError) as error:
            there = ["cpu"] + [f"cuda:{i}" for i in range(torch.cuda.device_count())]
            there += ["mps"] if torch.backends.mps.is_available() else []
            raise ValueError(f"no device {device!r} here; there is {', '.join(there)}") from error
        if ":" in device:  # without a number each process has its own
            os.environ["ACCELERATE_TORCH_DEVICE"] = device
    from accelerate import Accelerator

    return Accelerator(cpu=device == "cpu")


def from_main(accelerator: "Accelerator", function):
    """What ``function()`` gives on the main process, or its error, on all: only one disk is looked at."""
    from accelerate.utils import broadcast_object_list

    result = [None, None]
    if accelerator.is_main_process:
        try:
            result[0] = function()
        except Exception as error:
            result[1] = error
    broadcast_object_list(result)
    if result[1] is not None:
        raise result[1]
    return result[0]


def has_bf16(device: torch.device) -> bool:
    """Whether the device computes in bfloat16 by itself."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    known = torch.cpu.get_capabilities()
    return device.type == "cpu" and any(known.get(name) for name in ("avx512_bf16", "amx_bf16", "bf16"))


def circumstances(device: torch.device) -> dict:
    """On what and with what a run was made, for the card."""
    if device.type == "cuda":
        name = torch.cuda.get_device_name(device)
    else:
        name = torch.cpu.get_capabilities().get("cpu_name") or platform.machine()
    versions = {"guidelib": __version__, "torch": torch.__version__}
    return versions | {"device": f"{device.type} ({name})", "threads": torch.get_num_threads()}


def write_state(path: Path, run: dict, state: dict) -> None:
    """Keep the state of a run, whole or not at all."""
    buffer = io.BytesIO()
    torch.save({"run": json.dumps(run), **state}, buffer)
    checkpoints.write_whole(path, buffer.getvalue())


def read_state(path: Path, run: dict) -> dict:
    """The state that ``write_state`` kept; ValueError if it is damaged or of another run."""
    try:
        state = torch.load(path, weights_only=True, map_location="cpu")
        kept = json.loads(state.pop("run"))
    except Exception as error:  # whatever a damaged file makes of the unpickler
        raise ValueError(
            f"{path.name} is damaged or not the state of a run ({type(error).__name__}); "
            "delete it to start anew"
        ) from error
    now = json.loads(json.dumps(run))
    other = [key for key in now if kept.get(key) != now[key]]
    if other:
        raise ValueError(
            f"{path.name} is of another run: it differs in {', '.join(other)}; use what it was started with, "
            "or delete it to start anew"
        )
    return state


def check_finite(losses: Tensor, first: int, end: int, saved: Path) -> int:
    """``end``, if losses[first:end] are finite; else FloatingPointError that names the step."""
    bad = (~torch.isfinite(losses[first:end])).nonzero()
    if len(bad):
        kept = f"the last good state is kept in {saved.name}" if saved.exists() else "no state was kept yet"
        raise FloatingPointError(
            f"the loss is {losses[first + int(bad[0])].item()} at step {first + int(bad[0])}; {kept}. "
            "Lower the learning rate, or look at the data of that step"
        )
    return end


def all_finite(net: nn.Module) -> bool:
    """Whether every weight is finite."""
    return all(bool(torch.isfinite(value).all()) for value in net.parameters())


def thin(losses: Tensor, points: int = 100) -> dict:
    """The losses, averaged over as many steps as make at most ``points`` means."""
    size = -(-len(losses) // points)
    return {"each over": size, "means": [float(f"{part.mean().item():.6g}") for part in losses.split(size)]}
