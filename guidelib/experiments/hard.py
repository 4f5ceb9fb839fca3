"""Why some textures are not sampled: the shipped network against one with nothing else to learn.

Nine classes of cells, lines, leaves and photographs, on whose samples the shipped projected UNet does
worst. "all" is that network; "tuned" starts from its weights and learns on these classes alone; "label"
is the network with labels, which had as much compute as "all"; "real" are held-out images.
"""

import copy
from dataclasses import replace
from functools import partial

import torch

from guidelib.datasets.textures import TEXTURES, textures
from guidelib.experiments._fit import fit
from guidelib.guidance.features import feature_guided
from guidelib.recipes import find
from guidelib.recipes.measures import psnr
from guidelib.recipes.textures import SIZE
from guidelib.sisa import sample_sisa

HARD = ("mosaic", "contours", "sticks", "straw", "leaves large", "brick", "hubble", "coins", "cell")
STEPS, EACH = 600, 16
LOOK = 50  # images of each of the 76 classes give its mean features
SIGMAS = (0.05, 0.2, 0.5, 1.0)
SISA = {"h": 0.5, "beta": 0.1, "sigma_end": 0.02, "denoise": True}


def experiment(load, steps: int = STEPS) -> dict:
    """Nine hard textures: samples, denoising and features with few and with many classes, 5 minutes.

    For each network: "accuracy" of its samples by the evaluator, among all 76 classes, in all and by
    class; "feature distance", the mean of |phi - phi_y|^2 over its mean for held-out images, and "nearest
    centroid", the share whose nearest of the 76 mean features is its class's, both in the features of
    the shipped network; "contrast", the standard deviation of pixels over that of real ones; "psnr".
    """
    net, label, judge = (load(f"textures-{name}") for name in ("feature", "label", "evaluator"))
    train, test = (textures(split, size=SIZE, names=HARD) for split in ("train", "test"))
    recipe = replace(find("textures-feature"), lr=2e-3)
    tuned = copy.deepcopy(net).requires_grad_(True)
    fit(tuned, recipe, train, load.seed, steps, "hard textures").requires_grad_(False)
    with torch.no_grad():
        return measure(net, tuned, label, judge, train, test) | {"steps": steps, "classes": list(HARD)}


def measure(net, tuned, label, judge, train, test) -> dict:
    """What ``experiment`` says, of networks that are trained."""
    every = textures("train", size=SIZE, per_class=LOOK)
    phi = net.phi_y(every.images, every.labels)
    index = torch.tensor([TEXTURES.index(name) for name in HARD])  # of the hard classes among all
    guided = {
        "all": (feature_guided(net, phi), index),
        "tuned": (feature_guided(tuned, tuned.phi_y(train.images, train.labels)), torch.arange(len(HARD))),
        "label": (label, index),
    }
    y = torch.arange(len(HARD)).repeat_interleave(EACH)
    samples = {"real": test.images[torch.cat([(test.labels == c).nonzero()[:EACH, 0] for c in y.unique()])]}
    for name, (denoiser, rows) in guided.items():
        generator = torch.Generator().manual_seed(0)
        x = 0.5 + torch.randn(len(y), 1, SIZE, SIZE, generator=generator)
        samples[name] = sample_sisa(denoiser, x, rows[y], generator=generator, **SISA).x
    far = (net.features(test.images) - phi.values[index[test.labels]]).square().sum(1)
    scale = torch.stack([far[test.labels == c].mean() for c in range(len(HARD))])
    contrast = torch.stack([test.images[test.labels == c].std() for c in range(len(HARD))])
    by_class = partial(_by_class, classes=len(HARD))
    found = {}
    for name, x in samples.items():
        right = (judge(x).argmax(1) == index[y]).float()
        features = net.features(x)
        distance = (features - phi.values[index[y]]).square().sum(1) / scale[y]
        found[name] = {
            "accuracy": right.mean().item(),
            "accuracy by class": by_class(right),
            "feature distance": by_class(distance),
            "nearest centroid": by_class((torch.cdist(features, phi.values).argmin(1) == index[y]).float()),
            "contrast": by_class(x.flatten(1).std(1) / contrast[y]),
        }
    noise = torch.randn(test.images.shape, generator=torch.Generator().manual_seed(1))
    some = slice(None, None, 2)
    for name, (denoiser, rows) in guided.items():
        found[name]["psnr"] = {
            str(sigma): psnr(denoiser, test.images[some], sigma, noise[some], rows[test.labels[some]])
            for sigma in SIGMAS
        }
    return found


def _by_class(values, classes: int) -> list[float]:
    return [round(value, 4) for value in values.reshape(classes, -1).mean(1).tolist()]
