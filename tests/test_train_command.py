"""``python -m guidelib.train`` as a reader runs it: killed and resumed, in two processes, and wrongly."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from guidelib import checkpoints
from guidelib.datasets import MissingData
from guidelib.recipes import RECIPES, find
from guidelib.train import main
from guidelib.training import train

ROOT = Path(__file__).parents[1]
NAME = "mixture64-label"
ENVIRONMENT = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}


def command(*arguments):
    return [sys.executable, "-m", "guidelib.train", *map(str, arguments)]


def test_killed_at_any_moment_and_resumed_it_ends_in_the_same_bytes(tmp_path):
    settings = ("--steps", 400, "--device", "cpu", "--out", tmp_path)
    state = tmp_path / f"{NAME}-s0.state"
    first = subprocess.Popen(command(NAME, *settings), env=ENVIRONMENT, stderr=subprocess.DEVNULL)
    try:
        while not state.exists() and first.poll() is None:
            time.sleep(0.02)
        time.sleep(0.3)  # somewhere between two states, or inside the writing of one
    finally:
        first.kill()  # SIGKILL: no handler runs
    assert first.wait() == -9, "it was to be killed, and had ended"
    assert state.exists() and not list(tmp_path.glob("*.safetensors"))
    again = command(NAME, *settings, "--resume")
    second = subprocess.run(again, env=ENVIRONMENT, capture_output=True, text=True)
    path = tmp_path / f"{NAME}-s0.safetensors"
    assert (second.returncode, second.stdout.strip()) == (0, str(path)), second.stderr
    whole = train(find(NAME), device="cpu", steps=400, out=tmp_path / "whole")
    assert path.read_bytes() == whole.read_bytes()
    cards = [json.loads(checkpoints.card_path(p).read_text()) for p in (path, whole)]
    assert cards[0]["losses"] == cards[1]["losses"] and cards[0]["metrics"] == cards[1]["metrics"]
    assert not state.exists()


def test_two_processes_have_the_losses_of_one_at_the_same_batch(tmp_path):
    # --multi_gpu is accelerate's word for several processes; --device says of what kind
    launch = "accelerate.commands.launch --multi_gpu --num_processes 2 --num_machines 1 --main_process_port 0"
    settings = "-m guidelib.train mixture64-feature --steps 40 --device cpu --out".split()
    plain = ["--mixed_precision", "no", "--dynamo_backend", "no"]
    run = [sys.executable, "-m", *launch.split(), *plain, *settings, str(tmp_path)]
    result = subprocess.run(run, env=ENVIRONMENT, capture_output=True, text=True, timeout=100)
    assert result.returncode == 0, result.stderr[-2000:]
    one = train(find("mixture64-feature"), device="cpu", steps=40, out=tmp_path / "one")
    two = tmp_path / one.name
    cards = [json.loads(checkpoints.card_path(path).read_text()) for path in (one, two)]
    assert [card["processes"] for card in cards] == [1, 2]
    assert cards[1]["losses"]["means"] == pytest.approx(cards[0]["losses"]["means"], rel=1e-5)
    weights = [checkpoints.load(path).state_dict() for path in (one, two)]
    for name, value in weights[0].items():
        assert (value - weights[1][name]).abs().max() < 1e-3, name


def test_list_shows_every_recipe_with_its_cost(capsys):
    assert main(["--list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list(RECIPES)
    assert all(RECIPES[line.split()[0]].cost in line for line in lines)


def test_data_that_cannot_be_had(tmp_path, capsys, monkeypatch):
    def nowhere(*arguments):
        raise MissingData("no such file here")

    monkeypatch.setattr(sys.modules["guidelib.datasets.mnist"], "public_file", nowhere)
    assert main(["fashion-mixture", "--out", str(tmp_path)]) == 1
    assert capsys.readouterr().err == "guidelib.train: no such file here\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["texture-feature"], "no recipe 'texture-feature'; nearest: textures-feature"),
        (["mixture64-label", "--device", "cuda:9"], "no device 'cuda:9' here; there is cpu"),
        (["mixture64-label", "--steps", "-5"], "need steps >= 1 and a seed in 0..2^31 - 1; got -5 and 0"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(tmp_path, capsys, arguments, message):
    assert main([*arguments, "--out", str(tmp_path)]) == 1
    said = capsys.readouterr()
    assert said.err.startswith(f"guidelib.train: {message}") and said.err.count("\n") == 1 and not said.out
    assert not list(tmp_path.iterdir())
