"""The loop against one written by hand, and what it does when a run is cut, fails or was there before."""

import dataclasses
import json
import math
import resource
from functools import partial

import pytest
import torch
from worlds import generator

from guidelib import checkpoints
from guidelib.datasets.dataset import Dataset
from guidelib.recipes import denoising
from guidelib.training import Recipe, train, weights_path

# an average that autograd follows would grow by a step's graph in every step, and says so in a warning
pytestmark = pytest.mark.filterwarnings("error")


def small_data():
    images = torch.rand(40, 1, 8, 8, generator=generator())
    return (Dataset(images, torch.arange(4).repeat_interleave(10), ("a", "b", "c", "d")),) * 2


RECIPE = Recipe(
    name="small",
    about="",
    cost="",
    network={"network": "ProjectedUNet", "widths": [4, 6]},
    data=small_data,
    draw=partial(denoising.draw, sigma=("square", 1.0), pairs=True),
    loss=denoising.loss,
    metrics=lambda net, train, test: {"gain": net.gains.mean().item()},
    steps=120,
    batch=8,
    lr=1e-2,
    warmup=20,
    bf16=False,
)


def card_of(path):
    return json.loads(path.with_suffix(".json").read_text())


def cut_at(step, how):
    """The loss, which fails at a step of its first run."""
    calls = iter(range(10**6))

    def loss(net, **batch):
        value = denoising.loss(net, **batch)
        return how(value) if next(calls) == step else value

    return loss


def killed(value):
    raise KeyboardInterrupt


def with_loss(loss):
    loss.__name__ = "loss"  # as the recipe's own: what it does is not written on the card
    return dataclasses.replace(RECIPE, loss=loss)


def test_the_loop_does_what_a_plain_one_does(tmp_path):
    steps = 30
    recipe = dataclasses.replace(RECIPE, clip=0.01)  # less than the gradient's length in every step
    path = train(recipe, seed=3, device="cpu", steps=steps, out=tmp_path)
    data, _ = small_data()
    net = checkpoints.build(RECIPE.network, seed=3)
    average = {name: p.detach().clone() for name, p in net.named_parameters()}
    adam = torch.optim.Adam(net.parameters())
    losses = []
    for k in range(steps):
        g = torch.Generator().manual_seed((3 << 32) + k)
        batch = RECIPE.draw(data, 8, g)
        adam.param_groups[0]["lr"] = 1e-2 * min(1, (k + 1) / 20, (steps - k) / (0.7 * steps))
        D = net(batch["x"], images=batch["images"])
        loss = (D - batch["x0"]).square().mean()
        adam.zero_grad()
        loss.backward()
        norm = math.sqrt(sum(p.grad.square().sum().item() for p in net.parameters()))
        assert norm > 0.01
        for p in net.parameters():
            p.grad *= 0.01 / norm
        adam.step()
        keep = min(0.999, (1 + k) / (10 + k))
        average = {n: keep * average[n] + (1 - keep) * p.detach() for n, p in net.named_parameters()}
        losses.append(loss.item())
    card = card_of(path)
    assert card["losses"] == {"each over": 1, "means": pytest.approx(losses, rel=1e-4)}
    for name, value in checkpoints.load(path).named_parameters():
        assert torch.allclose(value, average[name], rtol=2e-3, atol=1e-5), name
    assert card["metrics"]["gain"] == pytest.approx(average["gains"].mean().item(), abs=1e-3)
    assert (card["seed"], card["steps"], card["threads"]) == (3, 30, 1)
    assert card["recipe"]["draw"] == {"function": "draw", "sigma": ["square", 1.0], "pairs": True}


@pytest.mark.parametrize("step", [0, 49, 50, 77, 119])
def test_a_run_cut_at_any_step_ends_in_the_same_bytes(tmp_path, step):
    whole = train(RECIPE, device="cpu", out=tmp_path / "whole").read_bytes()
    with pytest.raises(KeyboardInterrupt):
        train(with_loss(cut_at(step, killed)), device="cpu", out=tmp_path)
    assert (tmp_path / "small.state").exists() == (step >= 50)
    path = train(RECIPE, device="cpu", out=tmp_path, resume=True)
    assert path.read_bytes() == whole
    assert card_of(path)["losses"] == card_of(tmp_path / "whole/small.json")["losses"]
    assert not (tmp_path / "small.state").exists()
    assert train(RECIPE, device="cpu", out=tmp_path, resume=True) == path, "nothing is left to do"


@pytest.mark.parametrize(("step", "kept"), [(7, "no state was kept yet"), (57, "kept in small.state")])
def test_a_loss_that_is_not_a_number(tmp_path, step, kept):
    with pytest.raises(FloatingPointError, match=f"the loss is nan at step {step}; .*{kept}"):
        train(with_loss(cut_at(step, lambda value: value * math.nan)), device="cpu", out=tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == (["small.state"] if step > 50 else [])
    whole = train(RECIPE, device="cpu", out=tmp_path / "whole").read_bytes()
    assert train(RECIPE, device="cpu", out=tmp_path, resume=True).read_bytes() == whole


def test_weights_that_break_in_the_step_before_a_save_are_not_kept(tmp_path):
    """The loss of step 99 is finite, its gradient is not: the state stays that of step 50."""
    with pytest.raises(FloatingPointError, match="step 100; the last good state"):
        train(with_loss(cut_at(99, lambda v: v + (v - v.detach()).abs().sqrt())), device="cpu", out=tmp_path)
    assert torch.load(tmp_path / "small.state")["step"] == 50


def test_a_full_disk_keeps_the_last_state(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        train(with_loss(cut_at(60, killed)), device="cpu", out=tmp_path)
    before = (tmp_path / "small.state").read_bytes()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2000, hard))
    try:
        with pytest.raises(OSError, match="could not write small.state .*--resume"):
            train(RECIPE, device="cpu", out=tmp_path, resume=True)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert [p.name for p in tmp_path.iterdir()] == ["small.state"]
    assert (tmp_path / "small.state").read_bytes() == before
    train(RECIPE, device="cpu", out=tmp_path, resume=True)


def test_what_is_there_is_not_overwritten(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        train(with_loss(cut_at(60, killed)), device="cpu", out=tmp_path)
    with pytest.raises(ValueError, match="small.state holds an unfinished run: add --resume"):
        train(RECIPE, device="cpu", out=tmp_path)
    with pytest.raises(ValueError, match="small.state is of another run: it differs in recipe;"):
        train(dataclasses.replace(RECIPE, lr=1.0), device="cpu", out=tmp_path, resume=True)
    path = train(RECIPE, device="cpu", out=tmp_path, resume=True)
    with pytest.raises(ValueError, match="small.safetensors exists"):
        train(RECIPE, device="cpu", out=tmp_path)
    (tmp_path / "small.state").write_bytes(path.read_bytes())
    path.unlink()
    with pytest.raises(ValueError, match="small.state is damaged or not the state of a run"):
        train(RECIPE, device="cpu", out=tmp_path, resume=True)


def test_other_seeds_and_lengths_have_another_name():
    assert weights_path(RECIPE, 0, 120, "x").name == "small.safetensors"
    assert weights_path(RECIPE, 1, 120, "x").name == "small-s1.safetensors"
    assert weights_path(RECIPE, 0, 10, "x").name == "small-s0.safetensors"


def test_seeds_differ_and_global_randomness_is_left_alone(tmp_path):
    before = torch.get_rng_state()
    one, two = (train(RECIPE, seed=s, device="cpu", steps=10, out=tmp_path).read_bytes() for s in (1, 2))
    assert one != two and torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"device": "cuda:7"}, "no device 'cuda:7' here; there is cpu"),
        ({"device": "gpu"}, "no device 'gpu' here; there is cpu"),
        ({"steps": 0}, r"need steps >= 1 and a seed in 0\.\.2\^31 - 1; got 0 and 0"),
        ({"seed": -1}, "got 120 and -1"),
    ],
)
def test_wrong_settings_are_named(tmp_path, settings, message):
    with pytest.raises(ValueError, match=message):
        train(RECIPE, out=tmp_path, **settings)


def test_the_rate_warms_up_stays_and_falls_to_zero():
    rates = [RECIPE.rate(k, 1000) for k in range(1000)]
    assert rates[0] == pytest.approx(1e-2 / 20) and rates[10] < rates[19] == 1e-2 == rates[300]
    assert rates[650] == pytest.approx(5e-3) and rates[999] == pytest.approx(1e-2 / 700)
