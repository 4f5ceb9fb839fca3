"""The statistics of public data sets that chapters read, against the networks they were taken with."""

import os

import pytest
import torch

from guidelib import checkpoints, files, metrics, stats


@pytest.mark.parametrize("name, network", [("fashion", "fashion-feature"), ("sets", "sets-feature")])
def test_the_features_are_those_of_the_shipped_network(name, network):
    net, phi = checkpoints.load(network), stats.phi(name)
    tensors, card = stats.read(name)
    assert phi.network == net.fingerprint(), f"run 'python -m guidelib.stats {name}'"
    assert phi.values.shape == (len(card["classes"]), len(net.gains))
    assert tensors["examples"].dtype == torch.uint8 and tensors["examples"].shape[1:] == (4, 28, 28)


def test_examples_are_of_their_class():
    """The shipped judge knows them: rows of other classes would show."""
    tensors, card = stats.read("fashion")
    judge = checkpoints.load("fashion-evaluator")
    images = tensors["examples"].reshape(-1, 1, 28, 28) / 255
    right = (judge(images).argmax(1).reshape(10, 4) == torch.arange(10)[:, None]).double().mean()
    assert right > 0.75 and len(card["classes"]) == 10


def test_the_moments_are_those_of_the_features():
    tensors, _ = stats.read("fashion")
    some = metrics.moments(tensors["features"].float())
    real = tensors["mean"].double(), tensors["cov"].double()
    floor = tensors["floor mean"].double(), tensors["floor cov"].double()
    spread = real[1].trace()
    assert metrics.frechet_of_moments(real, some) < 0.05 * spread, "100 of each class are nearly all"
    assert 0 < metrics.frechet_of_moments(real, floor) < 0.02 * spread


def test_a_damaged_file(tmp_path, monkeypatch):
    for suffix in ("safetensors", "json"):
        data = files.path(f"stats/fashion.{suffix}").read_bytes()
        (tmp_path / f"fashion.{suffix}").write_bytes(data)
    path = tmp_path / "fashion.safetensors"
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    monkeypatch.setattr(files, "path", lambda name: tmp_path / name.removeprefix("stats/"))
    with pytest.raises(ValueError, match="not the file of its card"):
        stats.read("fashion")


@pytest.mark.skipif(not os.environ.get("GUIDELIB_DATA"), reason="no folder with the real data sets")
@pytest.mark.parametrize("name", stats.MAKERS)
def test_made_anew_they_are_the_same(name):
    fresh, _ = stats.MAKERS[name]()
    kept, _ = stats.read(name)
    assert fresh.keys() == kept.keys()
    for key, value in fresh.items():
        assert torch.allclose(value.double(), kept[key].double(), rtol=2e-3, atol=2e-3), key
