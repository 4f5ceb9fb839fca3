r"""Class samples of textures that start where noisy textures lie, and not in the middle of them.

At :math:`\sigma_0` a noisy image is x + sigma_0 z, and not mean + sigma_0 z. Source of the random
phases: Galerne, Gousseau and Morel 2011, "Random phase textures: theory and synthesis".
"""

import torch
from torch import Tensor

from guidelib import checkpoints
from guidelib.datasets.textures import TEXTURES, textures
from guidelib.experiments.rivals import arms
from guidelib.experiments.samples import CALLS, EXAMPLES, SIZE, by_feature, draw, held_out, judged, rounded


def random_phase(images: Tensor, generator: torch.Generator) -> Tensor:
    """Images (..., H, W) with the power of the given ones at each frequency, and their means, but phases of
    white noise: stationary textures that repeat nothing."""
    X = torch.fft.fft2(images)
    phase = torch.fft.fft2(torch.randn(images.shape, generator=generator, dtype=images.dtype))
    phase = phase / phase.abs()
    phase[..., 0, 0] = 1
    return torch.fft.ifft2(X * phase).real


def starting_images(names, y: Tensor, n: int) -> Tensor:
    """Random-phase textures, one for each label, of the first ``n`` training images of the class in turn."""
    train = textures("train", size=SIZE, names=names, per_class=EXAMPLES)
    each = y * EXAMPLES + torch.arange(len(y)) % n
    return random_phase(train.images[each], torch.Generator().manual_seed(7))


def experiment(load, names=TEXTURES, per_class: int = 8, judge=None) -> dict:
    """Class samples of textures from random-phase starts, by feature, label and guidance."""
    judge, net = judge or checkpoints.load("textures-evaluator"), load("textures-feature")
    real, _, y = held_out(names, per_class)
    many, one = starting_images(names, y, EXAMPLES), starting_images(names, y, 1)
    ways = {
        "feature": (by_feature(net, names, EXAMPLES), CALLS, many),
        "one image": (by_feature(net, names, 1), CALLS, one),
    }
    ways |= {name: (*way, many) for name, way in arms(load("textures-label")).items()}
    made = {name: draw(D, y, calls=calls, start=start) for name, (D, calls, start) in ways.items()}
    found = {name: judged(images, y, real, names, judge) for name, images in made.items()}
    return rounded(found | {"start alone": judged(many, y, real, names, judge)})
