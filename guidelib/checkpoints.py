"""Trained weights on disk: a safetensors file, and beside it a card (JSON) that says what they are.

Files are replaced whole or not at all. A card holds the weights' SHA-256, the network's settings and
what the network answers to a fixed question, so that a file that was damaged, exchanged, or outlived
by the code does not load.
"""

import difflib
import hashlib
import json
import os
import re
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors
from torch import nn

from guidelib import files, nets

CHECKPOINTS = Path(__file__).resolve().parents[1] / "data" / "checkpoints"
NETWORKS = {
    net.__name__: net for net in (nets.Classifier, nets.MLP, nets.ProjectedMLP, nets.ProjectedUNet, nets.UNet)
}


def build(network: dict, seed: int = 0) -> nn.Module:
    """The untrained network of a description ``{"network": class name, setting: value, ...}``.

    Its first weights are those of ``seed``; global random numbers are left alone. Raises ValueError for a
    class or a setting that this version of the library does not have.
    """
    settings = dict(network)
    name = settings.pop("network", None)
    if name not in NETWORKS:
        raise ValueError(f"guidelib.nets has no network {name!r}; it has {', '.join(NETWORKS)}")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        try:
            return NETWORKS[name](**settings)
        except TypeError as error:
            raise ValueError(f"{name} cannot be built with {settings}: {error}") from error


def describe(net: nn.Module) -> dict:
    """The description from which ``build`` makes the same network."""
    return {"network": type(net).__name__, **net.config}


def save(net: nn.Module, card: dict, path: Path) -> Path:
    """Write the weights, rounded to 16 bits, to ``path`` and the card beside it; return ``path``.

    The card gains the network's description, its answer and the file's SHA-256. Raises OSError, and
    leaves what was there, if the disk does not take a file; ValueError for weights that are not finite.
    """
    tensors = {name: value.detach().cpu().contiguous() for name, value in net.state_dict().items()}
    halves = {name: value.to(torch.float16) for name, value in tensors.items()}
    bad = [name for name, value in halves.items() if not torch.isfinite(value).all()]
    if bad:
        raise ValueError(f"{path.name}: weights of {bad[0]} are not finite in 16 bits; nothing was written")
    rounded = build(describe(net))
    rounded.load_state_dict(halves)
    data = save_tensors(halves)
    weights = {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data), "dtype": "float16"}
    card = {**card, "network": describe(net), "weights": weights, "answer": answer(rounded)}
    write_whole(path, data)
    write_whole(card_path(path), as_json(card).encode())
    return path


def load(name: str | Path, device="cpu") -> nn.Module:
    """The network of a checkpoint, for use: ``load("textures-feature")``, or the path of a file.

    Its card is ``net.card``. Raises FileNotFoundError for a name that is not there, ValueError for a file
    that is damaged, is not that of its card, or no longer fits the code.
    """
    path = find(name)
    card = _read_card(path)
    data = path.read_bytes()
    if hashlib.sha256(data).hexdigest() != card["weights"]["sha256"]:
        raise ValueError(
            f"{path.name} is damaged or of another run: its SHA-256 is not that of {card_path(path).name}; "
            "restore both files, or train again"
        )
    net = build(card["network"])
    try:
        net.load_state_dict(load_tensors(data))
    except (RuntimeError, SafetensorError) as error:
        reason = str(error).replace("\n", " ").replace("\t", "")[:160]
        raise ValueError(f"{path.name} no longer fits the code of {type(net).__name__}: {reason}") from error
    found, expected = torch.tensor(answer(net)), torch.tensor(card["answer"])
    if found.shape != expected.shape or not torch.allclose(found, expected, rtol=1e-4, atol=1e-4):
        raise ValueError(
            f"{path.name} no longer fits the code of {type(net).__name__}: to the same input the network "
            f"answers {found.tolist()}, on its card {expected.tolist()}; take the library's version "
            f"{card.get('guidelib')}, or train again"
        )
    net.card = card
    return net.to(device).eval().requires_grad_(False)


def find(name: str | Path) -> Path:
    """The file of a checkpoint, by name or path; FileNotFoundError names the nearest.

    Away from a checkout a name is downloaded with its card and verified, see ``guidelib.files``.
    """
    path = Path(name)
    if path.suffix != ".safetensors":
        path = CHECKPOINTS / f"{name}.safetensors"
        if not CHECKPOINTS.is_dir():  # away from a checkout
            files.path(f"checkpoints/{name}.json")
            return files.path(f"checkpoints/{name}.safetensors")
    if not path.is_file():
        known = [file.stem for file in path.parent.glob("*.safetensors")]
        near = difflib.get_close_matches(path.stem, known, n=3, cutoff=0.3) or known
        raise FileNotFoundError(
            f"no checkpoint {path.stem!r} in {path.parent.name}/; nearest: {', '.join(near) or 'none'}. "
            "`python -m guidelib.train --list` shows what can be trained"
        )
    return path


def card_path(path: Path) -> Path:
    """The card that belongs to a file of weights."""
    return path.with_suffix(".json")


@torch.no_grad()
def answer(net: nn.Module) -> list[float]:
    """What the network says to a fixed input: six numbers that change when its code does."""
    was, device = net.training, next(net.parameters()).device
    net.eval()
    if hasattr(net, "dim"):
        x = torch.sin(torch.arange(2.0 * net.dim)).reshape(2, net.dim)
    else:
        side = 2 ** (net.levels + 1)
        x = 0.5 + 0.4 * torch.sin(torch.arange(2.0 * net.channels * side**2))
        x = x.reshape(2, net.channels, side, side)
    x = x.to(device)
    if isinstance(net, nets.Classifier):
        out = net(x)
    else:
        cond = torch.zeros(2, dtype=torch.int64, device=device) if net.num_classes else None
        images = {"images": x.flip(0)} if hasattr(net, "gains") else {}
        out = net(x, 0.5, cond, **images)
    net.train(was)
    out = out.double().flatten()
    return [*out[:4].tolist(), out.mean().item(), out.square().mean().sqrt().item()]


def write_whole(path: Path, data: bytes) -> None:
    """Put ``data`` at ``path``, whole or not at all; OSError if the disk does not take it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with open(new, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(new, path)
    except OSError as error:
        raise OSError(
            f"could not write {path.name} ({len(data) / 1e6:.1f} MB): {error.strerror}; what was there is "
            "kept. Make room and start again with --resume"
        ) from error
    finally:
        new.unlink(missing_ok=True)


def as_json(card: dict) -> str:
    """The card, with a line for each entry and lists of numbers on one line."""
    text = json.dumps(card, indent=1)
    return re.sub(r"\[[^][{}]*\]", lambda found: " ".join(found[0].split()), text) + "\n"


def _read_card(path: Path) -> dict:
    try:
        card = json.loads(card_path(path).read_text(encoding="utf-8"))
        card["network"]["network"], card["weights"]["sha256"], card["answer"]  # noqa: B018
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ValueError(
            f"{path.name} has no usable card {card_path(path).name} beside it ({type(error).__name__}); "
            "it is not a checkpoint of this library, or its writing was interrupted"
        ) from error
    return card
