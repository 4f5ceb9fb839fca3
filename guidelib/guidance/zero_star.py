r"""CFG-Zero*: the unconditional velocity is first scaled to fit the conditional one.

Reference: Fan, Zheng, Yeh and Liu 2025, "CFG-Zero*: improved classifier-free guidance for flow matching
models", arXiv:2503.18886. On the path of a flow, x_t = (1 - t) x0 + t z, which is x_sigma/(1 + sigma) at
sigma = t/(1 - t), the velocity is E[z - x0 | x_t] = (x - (1 + sigma) D)/sigma.
"""

from guidelib.denoisers import Denoiser, expand_sigma
from guidelib.guidance.apg import project
from guidelib.guidance.scales import check_scale


def zero_star(denoiser: Denoiser, guidance_scale: float) -> Denoiser:
    r"""Guide the velocity v of a flow away from s v_u, the part of v_c that is parallel to v_u.

    .. math:: v_g = s\,v_u + g\,(v_c - s\,v_u), \quad s = \frac{\langle v_c, v_u\rangle}{|v_u|^2}
              \quad\Longleftrightarrow\quad
              D_g = g\,D_c + (1 - g)\Bigl[s\,D_u + (1 - s)\,\frac{x}{1 + \sigma}\Bigr]

    s is taken row by row, in float64. Where s = 1 the rule is ``cfg``. It depends on the path: velocities of
    another path, scores or eps give another s. In one dimension s v_u = v_c, and nothing is guided.
    ``guidance_scale`` g is any finite number; 1 returns the conditional denoiser bit for bit at one call
    instead of two. Called without labels it raises ValueError. For the paper's first steps that stand
    still, see ``zero_init``.
    Source: chapter 5, ``eq-zero-star``.
    """
    g = check_scale(guidance_scale)

    def guided(x, sigma, cond=None):
        if cond is None:
            raise ValueError("zero_star needs labels: call denoiser(x, sigma, cond) with cond of shape (B,)")
        D_c = denoiser(x, sigma, cond)
        if g == 1:
            return D_c
        here, one_plus = x.double(), 1 + expand_sigma(sigma, x.double())
        v_c, v_u = (here - one_plus * D.double() for D in (D_c, denoiser(x, sigma)))  # times sigma, both
        return D_c - ((g - 1) / one_plus * (v_c - project(v_c, v_u))).to(x.dtype)

    return guided


def zero_init(x, sigma, cond=None):
    r"""The denoiser of a flow that stands still: v = 0, at no call of any network.

    .. math:: D = \frac{x}{1 + \sigma}

    ``interval(zero_star(denoiser, g), zero_init, 0, sigma_1)`` skips the steps above sigma_1, where the
    paper distrusts the network: x/(1 + sigma) stays what it was at the first level.
    """
    return x / (1 + expand_sigma(sigma, x))
