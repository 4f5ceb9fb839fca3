"""Grey textures of 24 x 24 pixels: every class is a generator or a photograph.

Noise levels are u^2 with u uniform in [0, 1]; Kadkhodaie, Mallat and Simoncelli 2024 draw them uniformly,
and then low noise is learned late.
"""

from functools import partial

from guidelib.datasets.textures import TEXTURES as NAMES
from guidelib.datasets.textures import textures
from guidelib.recipes import denoising, judging
from guidelib.recipes.measures import denoising as metrics
from guidelib.training import Recipe

SIZE, WIDTHS = 24, [16, 48, 96]
LEVELS = ("square", 1.0)
ONE_CLASS = "labyrinth"


def data(names=None, per_class: int = 500):
    """The sets to learn from and to measure on, of all classes or of those named."""
    train = textures("train", size=SIZE, names=names, per_class=per_class)
    return train, textures("test", size=SIZE, names=names)


def judged():
    """Images for the classifier that judges: of the generators, none that a denoiser has seen."""
    return textures("train", size=SIZE, per_class=1000, seed=1), textures("test", size=SIZE)


common = {
    "data": data, "loss": denoising.loss, "metrics": metrics, "steps": 4500, "batch": 64, "lr": 4e-3,
}  # fmt: skip
label_network = {"network": "UNet", "widths": WIDTHS, "num_classes": len(NAMES)}
labelled = partial(denoising.draw, sigma=LEVELS, labels=True, null=0.1)
TEXTURES = (
    Recipe(
        "textures-feature",
        about="projected UNet, each image denoised with the features of another of its class",
        cost="CPU 12 min",
        network={"network": "ProjectedUNet", "widths": WIDTHS},
        draw=partial(denoising.draw, sigma=LEVELS, pairs=True),
        **common,
    ),
    Recipe(
        "textures-mixture",
        about="the same UNet without classes",
        cost="CPU 6 min",
        network={"network": "UNet", "widths": WIDTHS},
        draw=partial(denoising.draw, sigma=LEVELS),
        **common,
    ),
    Recipe(
        "textures-label",
        about="the same UNet with labels, 10% of them hidden; the compute of textures-feature",
        cost="CPU 12 min",
        network=label_network,
        draw=labelled,
        **common | {"steps": 9000},
    ),
    Recipe(
        "textures-label-short",
        about="textures-label at the steps of textures-feature",
        cost="CPU 6 min",
        network=label_network,
        draw=labelled,
        **common,
    ),
    Recipe(
        "textures-single",
        about=f"the same UNet on one class alone, 20,000 images of {ONE_CLASS!r}",
        cost="CPU 6 min",
        network={"network": "UNet", "widths": WIDTHS},
        draw=partial(denoising.draw, sigma=LEVELS),
        **common | {"data": partial(data, names=(ONE_CLASS,), per_class=20_000)},
    ),
    Recipe(
        "textures-evaluator",
        about="small classifier that judges samples",
        cost="CPU 4 min",
        network={"network": "Classifier", "num_classes": len(NAMES)},
        data=judged,
        **judging.SETTINGS,
    ),
)
