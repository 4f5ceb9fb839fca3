"""Fashion-MNIST, 28 x 28 pixels, ten classes (Xiao, Rasul and Vollgraf 2017), by verified download.

Sizes and steps are those that one core trains within half an hour.
"""

from functools import partial

from guidelib.datasets.mnist import fashion_mnist
from guidelib.recipes import denoising, judging
from guidelib.recipes.measures import denoising as metrics
from guidelib.training import Recipe

WIDTHS, WIDE = [16, 48, 96], [32, 96, 352]
BLIND, DDPM = ("square", 1.0), ("ddpm", 0.5)


def data():
    """The 60,000 images to learn from and the 10,000 to measure on, sorted by label."""
    return denoising.by_label(fashion_mnist("train")), denoising.by_label(fashion_mnist("test"))


blind = {
    "data": data, "loss": denoising.loss, "metrics": metrics, "steps": 6000, "batch": 64, "lr": 4e-3,
}  # fmt: skip
told = {
    "data": data, "loss": partial(denoising.loss, of="eps"), "metrics": metrics,
    "steps": 1600, "batch": 128, "lr": 1e-3,
}  # fmt: skip
FASHION = (
    Recipe(
        "fashion-feature",
        about="projected UNet on Fashion-MNIST",
        cost="CPU 15 min",
        network={"network": "ProjectedUNet", "widths": WIDTHS},
        draw=partial(denoising.draw, sigma=BLIND, pairs=True),
        **blind,
    ),
    Recipe(
        "fashion-mixture",
        about="the same UNet without classes",
        cost="CPU 8 min",
        network={"network": "UNet", "widths": WIDTHS},
        draw=partial(denoising.draw, sigma=BLIND),
        **blind,
    ),
    Recipe(
        "fashion-ddpm",
        about="UNet that is told the noise level, without classes; the noise levels and the loss of DDPM",
        cost="CPU 12 min",
        network={"network": "UNet", "widths": WIDE, "sigma_conditioned": True},
        draw=partial(denoising.draw, sigma=DDPM),
        **told,
    ),
    Recipe(
        "fashion-cond",
        about="the same with labels, 10% of them hidden",
        cost="CPU 12 min",
        network={"network": "UNet", "widths": WIDE, "sigma_conditioned": True, "num_classes": 10},
        draw=partial(denoising.draw, sigma=DDPM, labels=True, null=0.1),
        **told,
    ),
    Recipe(
        "fashion-evaluator",
        about="small classifier that judges samples",
        cost="CPU 5 min",
        network={"network": "Classifier", "num_classes": 10},
        data=data,
        **judging.SETTINGS,
    ),
)
