"""Separation of the classes of Fashion-MNIST. It reads the data set itself, see ``guidelib.datasets``.

Source: Kadkhodaie, Mallat and Simoncelli 2024, figure 15.
"""

import torch

from guidelib.datasets.mnist import fashion_mnist
from guidelib.experiments.geometry import separated
from guidelib.geometry import centroids, channel_means


@torch.no_grad()
def experiment(load, sets=None, train: int = 10_000, test: int = 4_000) -> dict:
    """Separation of the classes of Fashion-MNIST by block, in two networks."""
    learn, held = sets or (fashion_mnist("train"), fashion_mnist("test"))
    found = {}
    for kind in ("feature", "mixture"):
        net = load(f"fashion-{kind}")
        phi_y = centroids(channel_means(net, learn.images[:train]), learn.labels[:train])
        found[kind] = separated(
            net.block_widths, channel_means(net, held.images[:test]), held.labels[:test], phi_y
        )
    return found
