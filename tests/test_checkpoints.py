"""A checkpoint loads as what it was, or not at all, with one line that says why."""

import json
import resource

import pytest
import torch
from worlds import generator

from guidelib import checkpoints, nets
from guidelib.nets import MLP, Classifier, ProjectedMLP, ProjectedUNet, UNet

NETS = {
    "unet": lambda: UNet(1, (4, 6), num_classes=3, sigma_conditioned=True),
    "projected": lambda: ProjectedUNet(1, (4, 6)),
    "mlp": lambda: MLP(5, 20, 2, num_classes=2),
    "projected mlp": lambda: ProjectedMLP(5, 20, 2),
    "classifier": lambda: Classifier(3, 1, (4, 6)),
}


def awake(net):
    with torch.no_grad():
        for p in net.parameters():
            p += 0.1 * torch.randn(p.shape, generator=generator())
    return net


@pytest.fixture
def saved(tmp_path):
    return checkpoints.save(awake(NETS["projected"]()), {"guidelib": "1.2"}, tmp_path / "small.safetensors")


def card_of(path):
    return json.loads(checkpoints.card_path(path).read_text())


@pytest.mark.parametrize("make", NETS.values(), ids=NETS.keys())
def test_what_is_loaded_is_what_was_saved_to_eleven_bits(make, tmp_path):
    net = awake(make())
    path = checkpoints.save(net, {"seed": 7}, tmp_path / "net.safetensors")
    loaded = checkpoints.load(path)
    assert type(loaded) is type(net) and loaded.config == net.config and loaded.card["seed"] == 7
    for name, value in net.state_dict().items():
        assert torch.equal(loaded.state_dict()[name], value.half().float())
    assert not loaded.training and not any(p.requires_grad for p in loaded.parameters())
    assert sorted(p.name for p in tmp_path.iterdir()) == ["net.json", "net.safetensors"]


@pytest.mark.parametrize("at", [3, 100, -1])
def test_a_damaged_file(saved, at):
    data = bytearray(saved.read_bytes())
    data[at] ^= 1
    saved.write_bytes(data)
    with pytest.raises(ValueError, match="small.safetensors is damaged"):
        checkpoints.load(saved)


@pytest.mark.parametrize("card", [None, "{", "[]", '{"seed": 1}'])
def test_no_card_or_a_foreign_one(saved, card):
    checkpoints.card_path(saved).unlink()
    if card is not None:
        checkpoints.card_path(saved).write_text(card)
    with pytest.raises(ValueError, match="has no usable card small.json"):
        checkpoints.load(saved)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"widths": [4, 8]}, "no longer fits the code of ProjectedUNet.*size mismatch"),
        ({"widths": [4, 6, 6]}, "no longer fits the code of ProjectedUNet.*Missing key"),
        ({"attention": True}, "ProjectedUNet cannot be built.*attention"),
        ({"network": "Transformer"}, "no network 'Transformer'; it has Classifier, MLP"),
    ],
)
def test_a_card_that_describes_another_network(saved, change, message):
    card = card_of(saved)
    card["network"] |= change
    checkpoints.card_path(saved).write_text(json.dumps(card))
    with pytest.raises(ValueError, match=message):
        checkpoints.load(saved)


def test_code_that_computes_something_else_with_the_same_weights(saved, monkeypatch):
    monkeypatch.setattr(nets.unet.F, "relu_", torch.abs)
    with pytest.raises(ValueError, match="no longer fits the code of ProjectedUNet.*version 1.2"):
        checkpoints.load(saved)


def test_matching_that_was_changed_is_noticed_too(saved, monkeypatch):
    monkeypatch.setattr(ProjectedUNet, "mean", lambda self, a, i: a.amax((2, 3)))
    with pytest.raises(ValueError, match="no longer fits"):
        checkpoints.load(saved)


def test_an_unknown_name_gets_the_nearest(saved, monkeypatch):
    monkeypatch.setattr(checkpoints, "CHECKPOINTS", saved.parent)
    assert checkpoints.load("small").card["guidelib"] == "1.2"
    with pytest.raises(FileNotFoundError, match="no checkpoint 'small-s1' in .*; nearest: small"):
        checkpoints.load("small-s1")


@pytest.mark.parametrize("value", [float("nan"), 1e6])
def test_weights_that_sixteen_bits_cannot_hold(tmp_path, value):
    net = NETS["mlp"]()
    with torch.no_grad():
        net.out.bias[0] = value
    with pytest.raises(ValueError, match="weights of out.bias are not finite"):
        checkpoints.save(net, {}, tmp_path / "net.safetensors")
    assert not list(tmp_path.iterdir())


def test_a_full_disk_leaves_what_was_there(saved):
    before = saved.read_bytes()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))  # files end here, in the middle of a write
    try:
        with pytest.raises(OSError, match="could not write small.safetensors .*what was there is kept"):
            checkpoints.save(awake(NETS["projected"]()), {}, saved)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert saved.read_bytes() == before and checkpoints.load(saved)
    assert sorted(p.name for p in saved.parent.iterdir()) == ["small.json", "small.safetensors"]


def test_away_from_a_checkout_a_name_is_asked_of_the_manifest(monkeypatch, tmp_path):
    asked = []
    monkeypatch.setattr(checkpoints, "CHECKPOINTS", tmp_path / "none")
    monkeypatch.setattr(checkpoints.files, "path", lambda name: asked.append(name) or tmp_path / name)
    assert checkpoints.find("some-net") == tmp_path / "checkpoints/some-net.safetensors"
    assert asked == ["checkpoints/some-net.json", "checkpoints/some-net.safetensors"]


@pytest.mark.parametrize(
    "path", sorted(checkpoints.CHECKPOINTS.glob("*.safetensors")), ids=lambda path: path.stem
)
def test_every_shipped_checkpoint_loads_and_is_small(path):
    net = checkpoints.load(path)
    assert path.stat().st_size <= 8_000_000
    keys = "recipe seed steps data guidelib device threads seconds losses metrics"
    assert set(keys.split()) <= net.card.keys()
