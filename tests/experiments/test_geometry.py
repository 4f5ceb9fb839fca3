"""The experiment on tiny networks: what it finds has the right form and adds up."""

import torch

from guidelib.datasets.dataset import Dataset
from guidelib.datasets.gaussian import GAUSSIAN
from guidelib.experiments import fashion_geometry
from guidelib.experiments.geometry import HIGH, LOW, QUADRATURE, agreement, exact_world, experiment
from guidelib.nets import ProjectedUNet, UNet

NAMES = (*list(GAUSSIAN)[:3], "labyrinth")


def tiny(recipe):
    torch.manual_seed(1)
    net = (ProjectedUNet if recipe.endswith("feature") else UNet)(widths=(4, 6, 8))
    torch.nn.init.normal_(net.out.weight, std=0.1)  # an untrained one returns x whatever it is told
    return net


def test_what_is_found_of_tiny_networks():
    found = experiment(tiny, train=12, test=6, images=2, exact_images=3, names=NAMES)
    for kind in ("feature", "mixture"):
        assert len(found[kind]["blocks"]) == len(found[kind]["sixteen"]) == 5
        assert found[kind]["median"] > 0 and 0 <= found[kind]["nearest"] <= 1
        assert len(found["pairs"][kind]) == len(found["pairs"]["d2"]) == 6
    levels = found["levels"]
    assert all(len(values) == 5 for values in levels.values())
    assert all(min(values) > 0 for values in levels.values())
    # what there is to be measured, by quadrature of its Monte Carlo estimate
    world, G = exact_world(NAMES)
    i, j = torch.triu_indices(G, G, 1)
    exact = (world.jeffreys(LOW) - world.jeffreys(HIGH))[i, j].mean()
    assert G == 3 and abs(QUADRATURE[1] @ torch.tensor(levels["exact"]).double() / exact - 1) < 0.15


def test_agreement_of_a_multiple_is_perfect():
    square = torch.rand(50, generator=torch.Generator().manual_seed(0), dtype=torch.float64) + 0.1
    found = agreement(3 * square, square)
    assert found["R2"] == found["spearman"] == 1 and found["B/A"] == 1 and found["A"] == 3
    assert agreement(square**3, square)["R2"] < 0.95 and agreement(square**3, square)["spearman"] == 1


def test_garments_of_one_shade_each_are_told_apart():
    rng = torch.Generator().manual_seed(0)
    labels = torch.arange(40) % 2
    images = 0.3 + 0.4 * labels[:, None, None, None] + 0.05 * torch.randn(40, 1, 28, 28, generator=rng)
    data = Dataset(images, labels, ("dark", "light"))
    found = fashion_geometry.experiment(tiny, (data, data), 40, 40)
    assert all(found[kind]["nearest"] == 1 and found[kind]["median"] > 100 for kind in ("feature", "mixture"))
