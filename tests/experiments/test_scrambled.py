"""The control, on an untrained network: it knows no class, and its outputs follow its features anyway."""

import torch

from guidelib.experiments.scrambled import experiment
from guidelib.nets import ProjectedUNet

NAMES = ("ring 0.11", "band 0", "cloud 2", "labyrinth", "brick")


def test_an_untrained_network_agrees_with_its_own_features_even_when_they_are_dealt_out():
    torch.manual_seed(1)
    net = ProjectedUNet(widths=(4, 6, 8))
    torch.nn.init.normal_(net.out.weight, std=0.3)
    found = experiment(lambda recipe: net, train=4, names=NAMES)
    assert found.keys() == {"own", "dealt"}
    assert found["dealt"]["spearman"] > 0.5 and found["dealt"] != found["own"]
