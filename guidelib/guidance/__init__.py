"""Guidance rules, one per file: each takes denoisers and returns a denoiser.

``guidance_scale`` 1 is the conditional model, 0 the unconditional one.
"""

from guidelib.guidance.apg import apg
from guidelib.guidance.autoguidance import autoguidance
from guidelib.guidance.cfg import cfg
from guidelib.guidance.classifier import classifier
from guidelib.guidance.denoised_feature import denoised_feature
from guidelib.guidance.features import feature_guided
from guidelib.guidance.forcing import forcing
from guidelib.guidance.interval import interval
from guidelib.guidance.mmps import mmps
from guidelib.guidance.perturbed import perturbed
from guidelib.guidance.reconstruction import reconstruction
from guidelib.guidance.reg import reg
from guidelib.guidance.rescale import rescale
from guidelib.guidance.scales import scale_to_w, w_to_scale
from guidelib.guidance.zero_star import zero_init, zero_star

__all__ = [
    "apg",
    "autoguidance",
    "cfg",
    "classifier",
    "denoised_feature",
    "feature_guided",
    "forcing",
    "interval",
    "mmps",
    "perturbed",
    "reconstruction",
    "reg",
    "rescale",
    "scale_to_w",
    "w_to_scale",
    "zero_init",
    "zero_star",
]
