"""The benchmarks compare like with like: every peer that is installed arrives where we do."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch

from benchmarks import laws, measure, mixtures, networks, networks_peers, samplers
from benchmarks.__main__ import replaced

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


def test_networks_match_in_size_and_learn():
    found = networks.check(batch=2)
    ours = found["guidelib, told sigma"]
    assert ours["rounding"] < 0.05 and ours["after"] < ours["before"]
    assert {"diffusers, no attention", "diffusers, as it comes"} <= found.keys()


def test_a_network_of_another_size_is_refused(monkeypatch):
    monkeypatch.setattr(networks, "WIDTHS", (8, 16, 24))
    with pytest.raises(ValueError, match="diffusers, no attention has .* of our parameters"):
        monkeypatch.setattr(networks, "PARAMETERS", 0.5)
        only = {"diffusers, no attention": networks_peers._diffusers(32, False)}
        monkeypatch.setattr(networks, "peers", lambda side, attention, dtype: only)
        networks.check(batch=2)


def test_networks_are_timed_in_one_thread_and_two(monkeypatch):
    monkeypatch.setattr(networks, "BATCH", 2)
    monkeypatch.setattr(networks, "WIDTHS", (4, 6))
    monkeypatch.setattr(networks, "peers", lambda side, attention, dtype: {})
    for threads in (1, 2):
        times = networks.timed(False, "bf16", threads, turns=2)
        assert torch.get_num_threads() == 1
        rows = networks.groups(times, "bf16")
        assert len(rows) == 4 and all(row[2] == "none" for row in rows)


def test_a_section_of_the_results_is_replaced_or_added():
    text = "# B\n\nhead\n\n## A\n\nold\n\n## C\n\nkept\n"
    assert replaced(text, "## A", "## A\n\nnew") == text.replace("old", "new")
    assert replaced(text, "## D", "## D\n\nnew") == text + "\n## D\n\nnew\n"


def test_times_and_quartiles():
    times = measure.interleaved({"nothing": lambda: None}, repetitions=5, steps=10)
    middle, low, high = times["nothing"]
    assert 0 <= low <= middle <= high < 1
    assert measure.milliseconds((0.002, 0.001, 0.003)) == "2 (1 to 3)"


def test_an_unknown_subject_is_named():
    command = [sys.executable, "-m", "benchmarks", "samplrs"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert result.returncode == 2
    assert "unknown subject samplrs; choose from samplers, mixtures, laws, networks" in result.stderr
