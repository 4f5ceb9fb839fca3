"""What each part of the projected UNet is worth: small networks that differ in one part.

Every arm trains on the same 24 textures of 16 x 16 pixels, from the same first weights, on the same
batches, with the same steps; only the mixture saw no pairs. There is no running average of the weights:
the rate falls to 0. 600 steps of 32 are early in training: what an arm gains may be speed.
Source: Kadkhodaie, Mallat and Simoncelli 2024, sections 3 to 5 and appendix A.
"""

from dataclasses import replace
from functools import partial

import torch
from torch import Tensor
from tqdm import tqdm

from guidelib.datasets.textures import textures
from guidelib.experiments._fit import fit
from guidelib.experiments._variants import (
    RMS,
    BeforeReLU,
    Normalised,
    StopGradient,
    fixed_gains,
    layer_norm,
    only,
)
from guidelib.guidance.features import feature_guided
from guidelib.nets import ProjectedUNet
from guidelib.recipes import denoising
from guidelib.recipes.measures import nearest_centroid, psnr
from guidelib.training import Recipe

NAMES = (
    "ring 0.11", "ring 0.23", "band 0", "band 60", "cloud 2", "weave 45",
    "waves 45", "stripes 20", "checks 4", "plaid 10", "bricks", "dots 6", "dots 8 dark", "circles", "blobs",
    "labyrinth", "mosaic", "straw", "leaves small", "gabor 30",
    "grass", "gravel", "wood", "text",
)  # fmt: skip
SIZE, WIDTHS = 16, (16, 32, 64)
TRAIN, TEST = 300, 50  # images of each class
LOOK = 100  # of the images of a class give its mean features
SIGMAS = (0.05, 0.2, 0.5, 1.0)
ALL = ("square", 1.0)
RECIPE = Recipe(
    "ablations",
    about="small projected UNet",
    cost="CPU 30 s",
    network={"network": "ProjectedUNet", "widths": list(WIDTHS)},
    data=lambda: (textures("train", size=SIZE, names=NAMES, per_class=TRAIN),
                  textures("test", size=SIZE, names=NAMES, per_class=TEST)),
    draw=denoising.draw,
    loss=denoising.loss,
    metrics=None,
    steps=600,
    batch=32,
    lr=4e-3,
    warmup=100,
)  # fmt: skip


ARMS = {  # how to make the network, the law of its noise levels, whether it sees pairs
    "learned gains": (ProjectedUNet, ALL, True),
    "gains 1": (fixed_gains, ALL, True),
    "low noise": (ProjectedUNet, ("square", 0.2), True),  # what u^2 gives below 0.2
    "high noise": (ProjectedUNet, ("log", 0.3, 1.0), True),
    "mixture": (ProjectedUNet, ALL, False),
    "encoder": (partial(only, (0, 1)), ALL, True),
    "middle": (partial(only, (2,)), ALL, True),
    "decoder": (partial(only, (3, 4)), ALL, True),
    "before ReLU": (BeforeReLU, ALL, True),
    "stop gradient": (StopGradient, ALL, True),
    "layer norm": (partial(Normalised, norm=layer_norm), ALL, True),
    "RMS norm": (partial(Normalised, norm=RMS, bias=False), ALL, True),
    "uniform sigma": (ProjectedUNet, ("uniform", 0.0, 1.0), True),
}


def train(arm: str, seed: int, data, steps: int):
    """The network of an arm after ``steps`` steps."""
    make, law, pairs = ARMS[arm]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        net = make(1, WIDTHS)
    draw = partial(denoising.draw, sigma=law, pairs=pairs)
    return fit(net, replace(RECIPE, draw=draw), data, seed, steps, f"{arm}, seed {seed}")


@torch.no_grad()
def measure(net, train, test, pairs: bool = True) -> dict:
    """What a network does on held-out images.

    "psnr" in dB with the mean features of the class and of another, or with none; "loss" with the
    features of one other image of the class, with sigma = u^2 and with sigma = u; the rest is of clean
    images: "separability" and "separability by block", see there, "concentration", the variance within
    classes over all variance, "nearest centroid", the share of images nearest to their own class.
    """
    K, x0, y = len(test.names), test.images, test.labels
    some = torch.arange(len(train.labels)) % (len(train.labels) // K) < LOOK
    phi = net.phi_y(train.images[some], train.labels[some])
    generator = torch.Generator().manual_seed(0)
    noise = torch.randn(x0[::2].shape, generator=generator)
    guided = feature_guided(net, phi)
    arms = (
        {"class": (guided, y[::2]), "other class": (guided, (y[::2] + 1) % K)}
        if pairs
        else {"none": (net, None)}
    )
    found = {
        "psnr": {
            name: {str(sigma): psnr(denoiser, x0[::2], sigma, noise, cond) for sigma in SIGMAS}
            for name, (denoiser, cond) in arms.items()
        },
        "loss": {},
    }
    for name, law in {"u^2": ALL, "u": ("uniform", 0.0, 1.0)}.items():
        batch = denoising.draw(test, 1200, generator.manual_seed(1), sigma=law, pairs=pairs)
        found["loss"][name] = denoising.loss(net, **batch).mean().item()
    features = net.features(x0)
    parts = zip(phi.values.split(net.block_widths, 1), features.split(net.block_widths, 1), strict=True)
    within = (features - phi.values[y]).square().sum()
    found["separability"] = separability(phi.values, features, y)
    found["separability by block"] = [separability(*part, y) for part in parts]
    found["concentration"] = (within / (features - features.mean(0)).square().sum()).item()
    found["nearest centroid"] = nearest_centroid(net, phi, x0, y)
    found["gains"] = net.gains.quantile(torch.tensor([0.05, 0.5, 0.95])).tolist()
    return found


def separability(phi: Tensor, features: Tensor, labels: Tensor) -> float:
    r"""How far apart classes are, in units of their spread along the line between them.

    .. math:: \mathrm{median}_{y \ne y'}\ \lVert\varphi_y - \varphi_{y'}\rVert^2 \Big/ \tfrac12
              \sum_{c \in \{y, y'\}} E_c \langle \hat d, \varphi_c - \varphi(x)\rangle^2

    Source: Kadkhodaie, Mallat and Simoncelli 2024, equation 5 and figure 4.
    """
    i, j = torch.triu_indices(len(phi), len(phi), 1)
    gap = (phi[i] - phi[j]).double()
    distance = gap.square().sum(1)
    spread = torch.zeros(len(phi), len(gap), dtype=torch.float64)  # of each class along each gap
    for c in range(len(phi)):
        off = (features[labels == c] - phi[c]).double()
        spread[c] = (off @ gap.T).square().mean(0) / distance
    along = (spread[i, range(len(i))] + spread[j, range(len(j))]) / 2
    return (distance / along).median().item()


def experiment(load, steps: int = RECIPE.steps) -> dict:
    """Parts of the projected UNet: loss, PSNR, separability of small networks without them, 15 minutes."""
    sets = RECIPE.data()
    found = load.kept
    for arm in tqdm([arm for arm in ARMS if arm not in found], desc="arms"):
        net = train(arm, load.seed, sets[0], steps)
        found[arm] = measure(net, *sets, pairs=ARMS[arm][2])
        load.keep(found)
    return found
