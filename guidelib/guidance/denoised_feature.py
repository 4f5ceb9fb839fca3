r"""A push that asks the denoised point, not the noisy one, how far it is from the class mean.

The linear reading of the projected score in Kadkhodaie, Mallat and Simoncelli 2024,
arXiv:2410.11646, section 3, for the feature phi(x) = x.
"""

from guidelib.denoisers import Denoiser
from guidelib.guidance.forcing import as_targets, rows_of, strength_at


def denoised_feature(denoiser: Denoiser, target, strength) -> Denoiser:
    r"""Move the denoised point by a share ``strength`` of the way to the mean of the class.

    .. math:: s + \frac{\kappa(\sigma)}{\sigma^2}\,\bigl(m_y - D(x, \sigma)\bigr)
              \quad\Longleftrightarrow\quad D + \kappa(\sigma)\,(m_y - D)

    ``strength`` kappa is a number or a function of sigma (a tensor, () or (B,), float64), without
    unit: 0 changes nothing, 1 puts m_y in the place of the denoised point. ``target``, labels and
    errors are as for ``forcing``. Source: chapter 4, ``eq-denoised-feature``.
    """
    targets = as_targets(target)

    def pushed(x, sigma, cond=None):
        to, active = rows_of(targets, cond, x)
        D = denoiser(x, sigma)
        return D + strength_at(strength, sigma, x) * active * (to - D)

    return pushed
