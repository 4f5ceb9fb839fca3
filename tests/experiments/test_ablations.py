"""The ablations of the projected UNet: each arm is the part that it says it is, and a stopped run goes on."""

import json
from dataclasses import replace

import pytest
import torch

from guidelib import results
from guidelib.datasets.textures import textures
from guidelib.experiments import _variants, ablations
from guidelib.nets import ProjectedUNet

SMALL = ("ring 0.11", "checks 4", "bricks")


@pytest.fixture(scope="module")
def sets():
    return (
        textures("train", size=16, names=SMALL, per_class=12),
        textures("test", size=16, names=SMALL, per_class=8),
    )


@pytest.fixture
def small(monkeypatch, sets):
    """A world that a test can afford."""
    monkeypatch.setattr(ablations, "WIDTHS", (4, 6, 8))
    monkeypatch.setattr(ablations, "TEST", 8)
    return sets


def build(arm):
    torch.manual_seed(0)
    return ablations.ARMS[arm][0](1, (4, 6, 8))


@pytest.mark.parametrize("arm", ablations.ARMS)
def test_all_arms_begin_with_the_same_weights(arm):
    plain, net = build("learned gains"), build(arm)
    for old, new in zip(plain.blocks, net.blocks, strict=True):
        assert torch.equal(old.first.weight, new.first.weight)
        assert torch.equal(old.second.weight, new.second.weight)


def gradients(net, sets):
    x, images = sets[0].images[:4], sets[0].images[4:8].clone().requires_grad_()
    torch.nn.init.normal_(net.out.weight)
    net(x, None, images=images).square().sum().backward()
    return net.gains.grad, images.grad


def test_what_an_arm_leaves_alone_has_no_gradient(sets):
    block = torch.arange(5).repeat_interleave(torch.tensor([4, 6, 8, 6, 4]))
    for arm, matched in {"encoder": {0, 1}, "middle": {2}, "decoder": {3, 4}}.items():
        net = build(arm)
        inside = torch.tensor([int(i) in matched for i in block])
        assert torch.equal(net.gains.detach(), inside.float())
        gains, _ = gradients(net, sets)
        assert (gains[~inside] == 0).all() and (gains[inside] != 0).any()
    assert gradients(build("gains 1"), sets)[0] is None
    _, through = gradients(build("learned gains"), sets)
    _, stopped = gradients(build("stop gradient"), sets)
    assert through.abs().max() > 0 and stopped is None


@pytest.mark.parametrize("arm", ablations.ARMS)
def test_all_weights_learn_in_half_precision_too(arm, sets):
    net, x = build(arm), sets[0].images
    torch.nn.init.normal_(net.out.weight)
    with torch.autocast("cpu", torch.bfloat16):
        net(x[:4], None, images=x[4:8]).square().sum().backward()
    assert all(p.grad.abs().max() > 0 for p in net.parameters() if p.requires_grad)


def test_stopping_the_gradient_does_not_change_the_answer(sets):
    x, images = sets[0].images[:4], sets[0].images[4:8]
    nets = build("learned gains"), build("stop gradient")
    for net in nets:
        torch.nn.init.ones_(net.out.weight)
    a, b = (net(x, None, images=images) for net in nets)
    assert torch.allclose(a, b, atol=1e-4)


def test_before_the_relu_means_can_be_negative_and_the_network_is_the_same(sets):
    x = sets[0].images[:4]
    plain, before = build("learned gains"), build("before ReLU")
    for net in (plain, before):
        torch.nn.init.ones_(net.out.weight)
    assert torch.allclose(plain(x), before(x), atol=1e-5)
    assert plain.features(x).min() >= 0 > before.features(x).min()


def test_norms_make_the_blocks_blind_to_the_scale(sets):
    x = sets[0].images[:4] - 0.5
    block = build("RMS norm").blocks[1]
    a = torch.nn.functional.conv2d(x, torch.ones(4, 1, 1, 1))
    assert torch.allclose(block(a), block(3 * a), atol=1e-3)
    power = _variants.Parts(block, block.norms, relu=False)(a).square().mean((1, 2, 3))
    assert torch.allclose(power, torch.ones(4), atol=1e-3)
    assert not any(conv.bias.requires_grad for conv in (block.first, block.second))


def test_separability_in_one_dimension():
    phi = torch.tensor([[0.0, 0.0], [2.0, 0.0], [0.0, 6.0]])
    features = torch.tensor([[1.0, 0.0], [-1.0, 0.0], [2.0, 0.5], [2.0, -0.5], [0.0, 6.0], [0.0, 6.0]])
    labels = torch.tensor([0, 0, 1, 1, 2, 2])
    pairs = []
    for i, j in [(0, 1), (0, 2), (1, 2)]:
        gap = phi[i] - phi[j]
        unit = gap / gap.norm()
        spread = [((features[labels == c] - phi[c]) @ unit).square().mean() for c in (i, j)]
        pairs.append(float(gap.square().sum() / sum(spread) * 2))
    assert ablations.separability(phi, features, labels) == pytest.approx(sorted(pairs)[1])


def test_a_stopped_run_goes_on_where_it_was(small, tmp_path, monkeypatch):
    arms = {name: ablations.ARMS[name] for name in ("learned gains", "mixture", "uniform sigma")}
    monkeypatch.setattr(ablations, "ARMS", arms)
    monkeypatch.setattr(ablations, "RECIPE", replace(ablations.RECIPE, data=lambda: small))
    trained, train = [], ablations.train

    def stops(arm, *rest):
        if arm == "uniform sigma" and "uniform sigma" not in trained:
            trained.append(arm)
            raise KeyboardInterrupt
        trained.append(arm)
        return train(arm, *rest)

    monkeypatch.setattr(ablations, "train", stops)

    def experiment(load):
        return ablations.experiment(load, steps=3)

    with pytest.raises(KeyboardInterrupt):
        results.measure("ablations", experiment, [1], tmp_path, tmp_path)
    card = json.loads((tmp_path / "ablations.json").read_text())
    assert card["seeds"]["1"]["unfinished"] and set(card["seeds"]["1"]["found"]) == {
        "learned gains",
        "mixture",
    }
    results.measure("ablations", experiment, [1], tmp_path, tmp_path)
    card = json.loads((tmp_path / "ablations.json").read_text())["seeds"]["1"]
    assert trained == ["learned gains", "mixture", "uniform sigma", "uniform sigma"]
    assert set(card["found"]) == set(arms) and "unfinished" not in card
    found = card["found"]["learned gains"]
    assert found["psnr"]["class"]["0.2"] > 10 and 0 < found["concentration"] < 1.5
    assert set(card["found"]["mixture"]["psnr"]) == {"none"}


def test_a_seed_decides_a_run_and_the_weights_are_learned(small):
    nets = [ablations.train("learned gains", seed, small[0], 3) for seed in (1, 1, 2)]
    first, again, other = (net.out.weight for net in nets)
    assert torch.equal(first, again) and not torch.equal(first, other) and first.abs().max() > 0


def test_gains_that_are_fixed_stay(small):
    assert (ablations.train("gains 1", 0, small[0], 3).gains == 1).all()
    assert not (ablations.train("learned gains", 0, small[0], 3).gains == 1).all()


def test_an_arm_is_the_projected_unet_itself():
    assert ablations.ARMS["learned gains"][0] is ProjectedUNet
