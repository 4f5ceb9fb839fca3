"""Networks. Each is a denoiser: ``net(x, sigma, cond=None) -> E[x0 | x_sigma]``."""

from guidelib.nets.classifier import Classifier
from guidelib.nets.mlp import MLP, ProjectedMLP
from guidelib.nets.projected_unet import ProjectedUNet
from guidelib.nets.projection import Phi
from guidelib.nets.unet import UNet

__all__ = ["MLP", "Classifier", "Phi", "ProjectedMLP", "ProjectedUNet", "UNet"]
