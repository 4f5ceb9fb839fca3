"""Every recipe builds, learns from data of its kind, and can be written on a card."""

import json
import os

import pytest
import torch
from worlds import generator

from guidelib import checkpoints, datasets
from guidelib.datasets.dataset import Dataset
from guidelib.datasets.textures import TEXTURES
from guidelib.recipes import RECIPES, denoising, find, measures, mixture64, sets, textures
from guidelib.schedules import linear_alpha_bar, sigma_from_alpha_bar


def labelled(K=3, each=5, shape=(1, 8, 8)):
    images = torch.rand(K * each, *shape, generator=generator())
    return Dataset(images, torch.arange(K).repeat_interleave(each), tuple("abcdefghijkl"[:K]))


def data_for(recipe):
    if recipe.name.startswith("mixture64"):
        return mixture64.points("train", 60)
    side = 24 if recipe.name.startswith("textures") else 28
    return labelled({"fashion": 10, "sets": 4}.get(recipe.name.split("-")[0], 3), 2, (1, side, side))


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES.keys())
def test_a_batch_has_a_loss_for_each_row_and_a_gradient_for_each_weight(recipe):
    net = checkpoints.build(recipe.network)
    with torch.no_grad():
        for p in net.parameters():
            p += 0.05 * torch.randn(p.shape, generator=generator(1))
    batch = recipe.draw(data_for(recipe), 6, generator())
    loss = recipe.loss(net.train(), **batch)
    assert loss.shape == (6,) and torch.isfinite(loss).all() and (loss > 0).all()
    loss.mean().backward()
    assert all(p.grad is not None for p in net.parameters()), "accelerate waits for every weight"
    json.dumps(recipe.config())
    assert checkpoints.describe(net).items() >= recipe.network.items()
    assert recipe.cost.startswith("CPU ") and recipe.about


def test_rows_can_be_shared_out():
    """Each process takes every n-th row of the same batch: their losses are those of the whole."""
    recipe = find("textures-feature")
    net = checkpoints.build(recipe.network)
    batch = recipe.draw(data_for(recipe), 6, generator())
    parts = [recipe.loss(net, **{k: v[i::2] for k, v in batch.items()}) for i in (0, 1)]
    together = recipe.loss(net, **batch)
    assert torch.allclose(torch.stack(parts, dim=1).flatten(), together, rtol=1e-5)


def test_label_networks_have_a_place_for_every_texture():
    assert find("textures-label").network["num_classes"] == len(TEXTURES)
    short, long = find("textures-label-short"), find("textures-label")
    # an example passes through the feature network beside each image: twice the compute of a step
    assert short.steps == find("textures-feature").steps and long.steps == 2 * short.steps


def test_the_nearest_recipe_is_named():
    with pytest.raises(ValueError, match="no recipe 'texture-features'; nearest: textures-feature"):
        find("texture-features")


def test_an_unknown_class_is_named():
    with pytest.raises(ValueError, match="stripe"):
        find("textures-single").data.func(names=("stripez",))


def test_a_pair_is_of_one_class_and_never_the_same_image():
    data = labelled(K=3, each=4)
    batch = denoising.draw(data, 600, generator(), sigma=("square", 1.0), pairs=True, labels=True)
    rows = {image.numpy().tobytes(): i for i, image in enumerate(data.images)}
    i, j = ([rows[image.numpy().tobytes()] for image in batch[name]] for name in ("x0", "images"))
    i, j = torch.tensor(i), torch.tensor(j)
    assert torch.equal(data.labels[i], data.labels[j]) and torch.equal(data.labels[i], batch["cond"])
    assert (i != j).all()
    assert len({*zip(i.tolist(), j.tolist(), strict=True)}) == 3 * 4 * 3, "every pair comes up"


def test_noise_has_the_level_that_is_said():
    data = labelled(shape=(1, 40, 40))
    batch = denoising.draw(data, 400, generator(), sigma=("log", 0.01, 10.0))
    z = (batch["x"] - batch["x0"]) / batch["sigma"].reshape(-1, 1, 1, 1)
    assert z.mean().abs() < 0.01 and z.flatten(1).std(1).sub(1).abs().max() < 0.1


def test_labels_are_hidden_at_the_rate_that_is_said():
    batch = denoising.draw(labelled(), 4000, generator(), sigma=("square", 1.0), labels=True, null=0.1)
    share = (batch["cond"] == 3).double().mean().item()
    assert abs(share - 0.1) < 4 * (0.09 / 4000) ** 0.5


def test_laws_of_noise_levels():
    u = torch.tensor([0.0, 0.25, 0.5])
    assert denoising.noise_levels(u, "square", 2.0).tolist() == [0.0, 0.125, 0.5]
    assert denoising.noise_levels(u, "uniform", 1.0, 3.0).tolist() == (1 + 2 * u).tolist()
    assert denoising.noise_levels(u, "log", 0.01, 1.0).tolist() == pytest.approx([0.01, 0.1**1.5, 0.1])
    levels = sigma_from_alpha_bar(linear_alpha_bar())[[0, 250, 500]] / 2
    assert denoising.noise_levels(u, "ddpm", 0.5).tolist() == pytest.approx(levels.tolist())
    with pytest.raises(ValueError, match="unknown law of noise levels 'cosine'"):
        denoising.noise_levels(u, "cosine")


def test_the_loss_of_eps_is_that_of_x0_over_the_variance():
    data = labelled()
    batch = denoising.draw(data, 8, generator(), sigma=("log", 0.1, 1.0))

    def net(x, sigma, cond):
        return 0.9 * x

    error = (0.9 * batch["x"] - batch["x0"]).square().mean((1, 2, 3))
    assert torch.allclose(denoising.loss(net, **batch), error)
    eps = (batch["x"] - net(batch["x"], None, None)) / batch["sigma"].reshape(-1, 1, 1, 1)
    z = (batch["x"] - batch["x0"]) / batch["sigma"].reshape(-1, 1, 1, 1)
    of_eps = denoising.loss(net, **batch, of="eps")
    assert torch.allclose(of_eps, (eps - z).square().mean((1, 2, 3)), rtol=1e-4)


def test_psnr_of_doing_nothing_is_that_of_the_noise():
    x0 = torch.rand(50, 1, 16, 16, generator=generator())
    noise = torch.randn(x0.shape, generator=generator(1))
    assert measures.psnr(lambda x, sigma, cond: x, x0, 0.1, noise) == pytest.approx(20, abs=0.05)


def test_measures_of_each_kind_of_network():
    data = labelled()
    for name, arms in [
        ("textures-feature", {"class", "one example", "other class", "unmatched"}),
        ("textures-label", {"class", "other class", "mixture"}),
        ("textures-mixture", {"mixture"}),
    ]:
        found = measures.denoising(checkpoints.build(find(name).network).eval(), data, data)
        assert found["psnr"].keys() == arms
        for values in found["psnr"].values():
            assert values["0.1"] == pytest.approx(20, abs=0.5)  # untrained: x comes back
    assert found.keys() == {"psnr"}
    net = checkpoints.build({"network": "Classifier", "num_classes": 3}).eval()
    with torch.no_grad():
        net.out.weight.zero_()
        net.out.bias.copy_(torch.tensor([0.0, 1.0, 0.0]))
    assert measures.accuracy(net, data, data) == {"accuracy": pytest.approx(1 / 3, abs=1e-4)}


def test_points_are_of_the_world_and_its_measures_are_those_of_the_exact_denoiser():
    data = mixture64.points("train", 4000)
    assert (data.labels.diff() >= 0).all() and data.names == ("left", "right")
    along = data.images.double() @ mixture64.AXIS
    right = along[data.labels == 1]
    assert abs(right.mean() - 1) < 0.025 and abs(right.std() - 0.25) < 0.02
    assert (data.images.double() - along[:, None] * mixture64.AXIS).std() == pytest.approx(0.01, rel=0.02)
    world = mixture64.world()

    class Exact:
        num_classes = 2

        def __call__(self, x, sigma, cond=None):
            return world(x, sigma, cond)

    found = mixture64.metrics(Exact(), data, data, scales=(2,))
    assert set(found["rms error"].values()) == {0.0}
    assert found["samples"]["class"]["W1"] < 0.08 and found["samples"]["class"]["wrong class"] == 0
    assert found["samples"].keys() == {"class", "guidance scale 2"}


def test_judges_see_other_images_than_denoisers(monkeypatch):
    """Of the generated classes; photographs have only one set of patches to learn from."""
    sizes = {"per_class": 2, "names": TEXTURES[:65]}
    monkeypatch.setattr(textures, "textures", lambda *a, **k: datasets.textures(*a, **k | sizes))
    sets_of = [find(name).data()[0].images for name in ("textures-feature", "textures-evaluator")]
    seen, judged = ({image.numpy().tobytes() for image in images} for images in sets_of)
    assert len(judged) == 130 and not seen & judged


@pytest.mark.skipif(not os.environ.get("GUIDELIB_DATA"), reason="no folder with the real data sets")
def test_four_sets_have_equal_shares():
    data = sets.sets("test")
    assert data.images.shape == (4 * 380, 1, 28, 28) and 0 <= data.images.min() < data.images.max() <= 1
    assert torch.bincount(data.labels).tolist() == [380] * 4 and len(data.names) == 4
    spread = [part.var().item() for part in data.images.split(380)]
    assert len({round(value, 3) for value in spread}) == 4, "four different sets"
