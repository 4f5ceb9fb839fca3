"""One network for all textures, told the class, against a network that was trained on that class alone.

Source: Kadkhodaie, Mallat and Simoncelli 2024, figure 3, right.
"""

import torch

from guidelib import checkpoints
from guidelib.datasets.textures import TEXTURES, textures
from guidelib.experiments.denoising import SIGMAS, arms, held_out, psnr, rounded
from guidelib.recipes.textures import ONE_CLASS, SIZE

IMAGES, OTHERS = 100, 3  # of the class; of each other class


@torch.no_grad()
def experiment(load) -> dict:
    """PSNR on one texture class and on the others: by its features, and by a network of that class alone."""
    feature, mixture = load("textures-feature"), load("textures-mixture")
    single = checkpoints.load("textures-single")  # trained once, for all seeds
    one = TEXTURES.index(ONE_CLASS)
    x0 = textures("test", size=SIZE, names=(ONE_CLASS,), per_class=IMAGES).images
    noise = torch.randn(x0.shape, generator=torch.Generator().manual_seed(1))
    guided = arms(feature, mixture, torch.tensor([one]))["class"][0]
    found = {"sigmas": list(SIGMAS)}
    sets = {"class": (x0, noise)}
    x0, y, noise = held_out(OTHERS)
    sets["others"] = (x0[y != one], noise[y != one])
    for name, (x0, noise) in sets.items():
        found[name] = {
            "feature": rounded(psnr(guided, x0, noise, torch.full((len(x0),), one))),
            "mixture": rounded(psnr(mixture, x0, noise)),
            "single": rounded(psnr(single, x0, noise)),
        }
    return found
