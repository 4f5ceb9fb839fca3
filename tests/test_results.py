"""Experiments on networks of several seeds: what is measured, kept and read again."""

import json
import math

import pytest
import torch

from guidelib import checkpoints, evaluate, experiments, files, results
from guidelib.nets import UNet


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Networks of seeds 0 and 1, and an experiment that reads one weight off them."""
    monkeypatch.setattr(checkpoints, "CHECKPOINTS", tmp_path)
    for name, value in (("small", 0.25), ("small-s1", 0.5)):
        net = UNet(1, [2, 2])
        torch.nn.init.constant_(net.out.bias, value)
        checkpoints.save(net, {"seed": 0}, tmp_path / f"{name}.safetensors")
    return tmp_path


def bias(load):
    """The bias of the last layer."""
    return {"bias": load("small").out.bias.item(), "list": [1.0, 2.0]}


def test_each_seed_is_measured_on_its_own_network_and_kept(folder, monkeypatch):
    path = results.measure("bias", bias, [1], folder, folder)
    results.measure("bias", bias, [0], folder, folder)
    card = json.loads(path.read_text())
    assert list(card["seeds"]) == ["0", "1"]
    sha = json.loads((folder / "small-s1.json").read_text())["weights"]["sha256"]
    assert card["seeds"]["1"]["weights"] == {"small": sha} and card["torch"] == torch.__version__
    monkeypatch.setattr(files, "path", lambda name: folder / name.removeprefix("results/"))
    assert [found["bias"] for found in results.read("bias")] == [0.25, 0.5]


def test_a_network_that_is_not_there_is_one_line(folder, capsys, monkeypatch):
    monkeypatch.setattr(evaluate, "find", lambda name: bias)
    assert evaluate.main(["bias", "--seeds", "7", "--weights", str(folder), "--out", str(folder)]) == 1
    error = capsys.readouterr().err
    assert error.startswith("guidelib.evaluate: ") and "small-s7" in error and error.count("\n") == 1


def test_every_experiment_is_listed_with_a_line(capsys):
    assert evaluate.main(["--list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == experiments.names()
    assert all(len(line.split()) > 3 for line in lines)


def test_the_nearest_experiment_is_named(capsys):
    assert evaluate.main(["nothing at all"]) == 1
    assert "no experiment 'nothing at all'; nearest: " in capsys.readouterr().err


def test_mean_and_standard_error():
    assert results.mean_se([1.0, 2.0, 3.0]) == pytest.approx((2.0, 1 / math.sqrt(3)))
    assert math.isnan(results.mean_se([1.0])[1])
    with pytest.raises(ValueError, match="at least one"):
        results.mean_se([])


def test_what_a_stopped_experiment_kept_is_not_read_and_not_lost(folder, monkeypatch):
    seen = []

    def experiment(load):
        seen.append((load.seed, dict(load.kept)))
        if not load.kept:
            load.keep({"first": 1.0})
            raise KeyboardInterrupt
        return load.kept | {"second": 2.0}

    monkeypatch.setattr(files, "path", lambda name: folder / name.removeprefix("results/"))
    with pytest.raises(KeyboardInterrupt):
        results.measure("long", experiment, [3], folder, folder)
    assert results.read("long") == []
    results.measure("long", experiment, [3], folder, folder)
    assert seen == [(3, {}), (3, {"first": 1.0})]
    assert results.read("long") == [{"first": 1.0, "second": 2.0}]
