"""The benchmarks compare like with like: every peer that is installed arrives where we do."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch

from benchmarks import laws, measure, mixtures, samplers

ROOT = Path(__file__).parents[1]


@pytest.fixture(autouse=True)
def fewer(monkeypatch):
    monkeypatch.setattr(mixtures, "POINTS", 64)
    monkeypatch.setattr(mixtures, "COMPONENTS", 8)


@pytest.mark.parametrize("subject", [samplers, mixtures, laws], ids=lambda module: module.__name__)
def test_outputs_agree(subject):
    assert subject.check()


def test_diffusers_takes_part_in_every_sampler():
    for method, gaps in samplers.check().items():
        assert any(name.startswith("diffusers") for name in gaps), method


def test_disagreement_stops_the_run():
    with pytest.raises(ValueError, match="other differs by 0.1, more than 1e-06"):
        measure.agree({"ours": torch.ones(3), "other": torch.full((3,), 1.1)}, 1e-6)


def test_a_sampler_that_is_wrong_is_found(monkeypatch):
    monkeypatch.setitem(samplers.OURS, "Heun", samplers.OURS["DDIM"])
    with pytest.raises(ValueError, match="HeunDiscreteScheduler differs"):
        samplers.check()


def test_times_and_quartiles():
    times = measure.interleaved({"nothing": lambda: None}, repetitions=5, steps=10)
    middle, low, high = times["nothing"]
    assert 0 <= low <= middle <= high < 1
    assert measure.milliseconds((0.002, 0.001, 0.003)) == "2 (1 to 3)"


def test_an_unknown_subject_is_named():
    command = [sys.executable, "-m", "benchmarks", "samplrs"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert result.returncode == 2
    assert "unknown subject samplrs; choose from samplers, mixtures, laws" in result.stderr
