"""Does the estimated density distance follow the features even where they are those of other classes?"""

import torch

from guidelib.datasets import textures
from guidelib.experiments.geometry import agreement, differences, distance, seed
from guidelib.geometry import centroids, channel_means, squared_distances
from guidelib.guidance.features import feature_guided


def experiment(load, train=60, images=1, names=None) -> dict:
    """The embedding of F6 with each class's centroid, and with the centroids dealt out at random.

    A class that is denoised with the centroid of another has no score to speak of; what agreement is left
    between d^2 and the distances of the dealt centroids is that of a function with its own argument.
    """
    learn, held = (textures(split, size=24, names=names, per_class=n)
                   for split, n in (("train", train), ("test", images)))  # fmt: skip
    net = load("textures-feature")
    phi_y = centroids(channel_means(net, learn.images), learn.labels)
    K = len(phi_y)
    dealt = torch.randperm(K, generator=seed(0))
    found = {}
    for name, order in (("own", torch.arange(K)), ("dealt", dealt)):
        A = differences(feature_guided(net, phi_y[order]), held, K, 0, 2 * images)
        upper = torch.triu_indices(K, K, 1)
        found[name] = agreement(distance(A)[*upper], squared_distances(phi_y[order])[*upper])
    return found
