"""What a guided sampler really samples, in one dimension: exact laws and distances between them."""

from guidelib.exact.blackbox import check_prior, numpy_denoiser
from guidelib.exact.distances import kl, wasserstein1, wasserstein2
from guidelib.exact.fokker_planck import fokker_planck_law
from guidelib.exact.law import Law
from guidelib.exact.quantile_transport import quantile_law
from guidelib.exact.tilted import mixture_law, tilted_law, tilted_law_of

__all__ = [
    "Law",
    "kl",
    "mixture_law",
    "ode_law",
    "sde_law",
    "tilted_law",
    "tilted_law_of",
    "wasserstein1",
    "wasserstein2",
]


def ode_law(
    denoiser, sigma_max: float, cond: int | None = None, *, prior_mean: float = 0.0, breaks=()
) -> Law:
    r"""What the probability-flow ODE samples from ``denoiser``, guided or not, to about 1e-9.

    .. math:: \frac{dx}{d\sigma} = \frac{x - D(x, \sigma, y)}{\sigma}, \qquad
              x(\sigma_\max) \sim \mathcal N(m_0, \sigma_\max^2)

    In one dimension the flow keeps the order of points, so the cdf is carried along:
    ``F_0(x_0) = Phi((x(sigma_max) - m_0) / sigma_max)``. ``denoiser`` is called with ``x`` (B,)
    float64, ``sigma`` a float and ``cond`` (B,) labels or None; ``sigma_max`` > 0 may be 1e8;
    ``cond`` is one label; ``prior_mean`` is m_0; ``breaks`` are noise levels at which the denoiser
    jumps, such as the ends of a guidance interval (the law is the same without, but slow).

    The ODE never forgets the prior mean: compared with a start at the mean m of the data, the whole
    law is displaced by about ``(m_0 - m) / sigma_max`` of its width. Source: Song et al. 2021,
    arXiv:2011.13456, eq. 13; chapter 1, ``eq-pf-ode``.
    """
    sigma_max, prior_mean = check_prior(sigma_max, prior_mean)
    return quantile_law(numpy_denoiser(denoiser, cond), sigma_max, prior_mean, breaks)


def sde_law(
    denoiser,
    sigma_max: float,
    cond: int | None = None,
    *,
    beta: float = 0.5,
    prior_mean: float = 0.0,
    breaks=(),
) -> Law:
    r"""What the sampler with stochasticity ``beta`` samples from ``denoiser``, guided or not.

    .. math:: dx = \frac{1}{2\beta}\,|d\sigma^2|\, s(x, \sigma, y)
                   + \sqrt{\tfrac{1-\beta}{\beta}\,|d\sigma^2|}\; dW,
              \qquad s = \frac{D - x}{\sigma^2}, \quad x(\sigma_\max) \sim \mathcal N(m_0, \sigma_\max^2)

    ``beta`` in (0, 1]: 1 is the probability-flow ODE (``ode_law`` is called), 1/2 the reverse SDE
    (DDPM), towards 0 annealed Langevin dynamics. ``denoiser``, ``sigma_max``, ``cond``,
    ``prior_mean`` m_0 and ``breaks`` are as for ``ode_law``. Mean and std are good to about
    1e-8 and the mass is kept to 1e-10; RuntimeError where that fails.

    The sampler forgets the prior mean as ``(r_0 / r)^a`` with ``a = (1 - beta)/beta`` and
    ``r = Delta / sqrt(lambda^2 + sigma^2)``, so for beta = 1/2 as the inverse of sigma_max.
    Source: chapter 1, ``eq-sde-family``; for beta = 1/2 Song et al. 2021, arXiv:2011.13456, eq. 6.
    """
    beta = float(beta)
    if not 0 < beta <= 1:
        raise ValueError(f"beta must lie in (0, 1]: 1 = ODE, 1/2 = reverse SDE; got {beta}")
    if beta == 1:
        return ode_law(denoiser, sigma_max, cond, prior_mean=prior_mean, breaks=breaks)
    sigma_max, prior_mean = check_prior(sigma_max, prior_mean)
    return fokker_planck_law(numpy_denoiser(denoiser, cond), sigma_max, prior_mean, beta, breaks)
