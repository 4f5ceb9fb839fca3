r"""Perturbed-model guidance: the bad model is the same model, perturbed while it is called.

References: Ahn et al. 2024, "Self-rectifying diffusion sampling with perturbed-attention guidance",
arXiv:2403.17377; Hong 2024, "Smoothed energy guidance", arXiv:2408.00760; Hong et al. 2023, "Improving
sample quality of diffusion models using self-attention guidance", arXiv:2210.00939.
"""

from collections.abc import Callable

from guidelib.denoisers import Denoiser
from guidelib.guidance.autoguidance import autoguidance


def perturbed(denoiser: Denoiser, perturb: Callable[[Denoiser], Denoiser], guidance_scale: float) -> Denoiser:
    r"""Extrapolate away from the denoiser's own perturbed answer, labels unchanged.

    .. math:: D_g = \tilde D(x, \sigma, y) + g\,[D(x, \sigma, y) - \tilde D(x, \sigma, y)],
              \qquad \tilde D = \texttt{perturb}(D)

    ``perturb`` takes a denoiser to a denoiser. A network's attention can be replaced by the identity
    (PAG) or blurred (SEG); a denoiser without attention has no such part, and ``denoisers.smoothed`` does
    to its score what SEG does to attention. ``guidance_scale`` g is any finite number, 1 changes nothing;
    the papers' scale is g - 1. Source: chapter 5, ``eq-autoguidance`` and ``eq-smoothed``.
    """
    return autoguidance(denoiser, perturb(denoiser), guidance_scale)
