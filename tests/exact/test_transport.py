"""What guided samplers really sample, against closed forms and independent reductions.

Worlds with two classes: the guided class is N(0, 1), the other lies to its left at distance rho.
"""

import time
from functools import cache

import numpy as np
import pytest
import torch
from scipy.integrate import quad, solve_ivp
from scipy.special import digamma, expit, k0, ndtr

from guidelib.exact import fokker_planck
from guidelib.exact.mixtures import GaussianMixture
from guidelib.exact.transport import kl, mixture_law, ode_law, sde_law, tilted_law, wasserstein1
from guidelib.guidance.cfg import cfg
from guidelib.guidance.interval import interval

FAR = 1e8  # sigma_max so large that the prior no longer matters


def two_classes(rho, weight=0.5, std=1.0):
    return GaussianMixture([weight, 1 - weight], [0.0, -rho], [1.0, std**2])


@cache
def guided_law(rho, w, beta, weight=0.5):
    return sde_law(cfg(two_classes(rho, weight), 1 + w), FAR, 0, beta=beta)


def gaussian_pair(g):
    """Guided denoiser of x|c ~ N(0, 1), x ~ N(0, 2): no mixture has these, so by hand."""

    def denoiser(x, sigma, cond=None):
        D_c, D_u = x / (1 + sigma**2), 2 * x / (2 + sigma**2)
        return D_u + g * (D_c - D_u)

    return denoiser


@pytest.mark.parametrize("g", [0.0, 0.25, 1.0, 2.0, 3.0, 5.0, 10.0, 20.0])
def test_gaussian_pair_has_the_closed_form_variances(g):
    ode, sde = ode_law(gaussian_pair(g), FAR), sde_law(gaussian_pair(g), FAR)
    assert ode.std == pytest.approx(2 ** ((1 - g) / 2), rel=1e-7)
    assert sde.std == pytest.approx(np.sqrt((2 - 2 ** (2 - 2 * g)) / (2 * g - 1)), rel=1e-8)
    for law in (ode, sde):
        assert abs(law.mean) < 1e-9 and abs(law.skew) < 1e-8
        z = np.linspace(-5, 5, 21)
        np.testing.assert_allclose(law.cdf(law.std * z), ndtr(z), atol=1e-8)
        np.testing.assert_allclose(
            law.pdf(law.std * z), np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi) / law.std, rtol=1e-4
        )


# mean shift and std at rho = 4, w = 3, in units of the class's std
SLIDER = {1.0: (1.36327, 0.58265), 0.9: (1.20159, 0.67681), 0.5: (0.57198, 0.85781)}
SLIDER |= {0.1: (0.17199, 0.89252), 0.01: (0.12729, 0.89855)}


@pytest.mark.parametrize("beta", SLIDER)
def test_the_law_slides_from_ode_to_tilted_as_beta_falls(beta):
    law = guided_law(4.0, 3.0, beta)
    assert (law.mean, law.std) == pytest.approx(SLIDER[beta], abs=6e-6)


def test_small_beta_tends_to_the_tilted_law():
    tilted = tilted_law(two_classes(4.0), 0, 4.0)
    assert (tilted.mean, tilted.std) == pytest.approx((0.12325, 0.89926), abs=6e-6)
    ten, one = (guided_law(4.0, 3.0, beta).mean - tilted.mean for beta in (0.1, 0.01))
    assert 0 < one < 0.1 * ten
    assert wasserstein1(guided_law(4.0, 3.0, 0.01), tilted) < 0.005


def test_beta_towards_1_tends_to_the_ode():
    ode = guided_law(4.0, 3.0, 1.0)
    assert ode.mean == ode_law(cfg(two_classes(4.0), 4.0), FAR, 0).mean
    near, nearer = (guided_law(4.0, 3.0, beta) for beta in (0.999, 0.9995))
    assert 2 * nearer.mean - near.mean == pytest.approx(ode.mean, abs=5e-6)
    assert 2 * nearer.std - near.std == pytest.approx(ode.std, abs=5e-6)


@pytest.mark.parametrize(("rho", "w", "weight"), [(4.0, 3.0, 0.5), (8.0, 1.0, 0.2), (16.0, 5.0, 0.9)])
def test_ode_law_is_the_reduced_equation(rho, w, weight):
    # du/dr = w S(-l), l = b + r u + r^2/2, and v = du/du_0 alongside
    b, z = np.log(weight / (1 - weight)), np.linspace(-6, 6, 25)

    def velocity(r, state):
        u, log_v = state.reshape(2, -1)
        l = b + r * u + r**2 / 2
        return np.concatenate([w * expit(-l), -w * r * expit(l) * expit(-l)])

    start = np.concatenate([z, np.zeros_like(z)])
    run = solve_ivp(velocity, (0, rho), start, rtol=1e-12, atol=1e-12, method="LSODA")
    u, log_v = run.y[:, -1].reshape(2, -1)
    law = guided_law(rho, w, 1.0, weight)
    np.testing.assert_allclose(law.quantile(ndtr(z[4:-4])), u[4:-4], atol=2e-7)
    np.testing.assert_allclose(law.cdf(u), ndtr(z), rtol=1e-3, atol=1e-8)
    np.testing.assert_allclose(law.log_pdf(u), -(z**2) / 2 - np.log(2 * np.pi) / 2 - log_v, atol=1e-3)
    # KL(out || class) = E[(u^2 - u_0^2)/2 - ln v], W_1 = mean shift: one law dominates the other
    fine = np.linspace(-8, 8, 4001)
    start = np.concatenate([fine, np.zeros_like(fine)])
    u, log_v = solve_ivp(velocity, (0, rho), start, rtol=1e-9, atol=1e-10).y[:, -1].reshape(2, -1)
    phi = np.exp(-(fine**2) / 2) / np.sqrt(2 * np.pi) * (fine[1] - fine[0])
    class_law = mixture_law(two_classes(rho, weight), 0)
    assert kl(law, class_law) == pytest.approx((((u**2 - fine**2) / 2 - log_v) * phi).sum(), abs=1e-6)
    assert wasserstein1(law, class_law) == pytest.approx(law.mean, abs=1e-9)


def test_ode_overshoot_does_not_fall_with_distance():
    assert guided_law(8.0, 3.0, 1.0).mean == pytest.approx(guided_law(16.0, 3.0, 1.0).mean, abs=1e-6)

    def slope(w):
        return (guided_law(12.0, w, 1.0).mean - guided_law(12.0, -w, 1.0).mean) / (2 * w)

    limit = np.sqrt(2 / np.pi) * quad(lambda x: k0(x) / np.cosh(x), 0, 60)[0]
    assert limit == pytest.approx(1.017601656876, abs=1e-11)
    assert (4 * slope(0.01) - slope(0.02)) / 3 == pytest.approx(limit, abs=1e-6)


def test_strong_guidance_constants_of_the_ode():
    some, more = guided_law(24.0, 64.0, 1.0), guided_law(24.0, 256.0, 1.0)
    U = (4 * more.mean / 16 - some.mean / 8) / 3  # the next term is of order 1/w
    assert pytest.approx(0.9332947510, abs=2e-4) == U
    assert (4 * more.std - some.std) / 3 == pytest.approx(0.3887159233, abs=3e-4)


def A(w, weight):
    """The limit of rho * mean shift of the SDE."""
    b = np.log(weight / (1 - weight))
    rest = quad(lambda t: t ** (2 * w) / (1 - weight * t), 0, 1, epsabs=1e-13)[0]
    return 2 * w / (2 * w + 1) * (digamma(2 * w + 1) + np.euler_gamma - b + rest)


@pytest.mark.parametrize(("w", "weight"), [(0.5, 0.5), (1.0, 0.5), (1.0, 0.2), (3.0, 0.7)])
def test_sde_overshoot_falls_as_one_over_distance(w, weight):
    assert guided_law(16.0, w, 0.5, weight).mean == pytest.approx(A(w, weight) / 16, abs=1e-8)


def test_limits_of_the_sde_overshoot():
    assert A(0.5, 0.5) == pytest.approx(2 * np.log(2) - 0.5, abs=1e-12)
    assert A(1.0, 0.5) == pytest.approx((16 * np.log(2) - 7) / 3, abs=1e-12)


def test_tilted_overshoot_falls_as_a_gaussian():
    near, far = (np.log(tilted_law(two_classes(rho), 0, 4.0).mean) for rho in (10.0, 12.0))
    assert far - near == pytest.approx(-(12**2 - 10**2) / 8, abs=0.03)


@pytest.mark.parametrize("beta", [1.0, 0.5, 0.1])
def test_one_first_order_formula_for_all_samplers(beta):
    rho = 4.0

    def e(T):  # E_{x|y=1} p(y=2 | x)
        def integrand(z):
            return np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi) / np.cosh(np.sqrt(T) * z / 2)

        return np.exp(-T / 8) * quad(integrand, 0, 40, epsabs=1e-13)[0]

    def slope(w):
        return (guided_law(rho, w, beta).mean - guided_law(rho, -w, beta).mean) / (2 * w)

    expected = rho * quad(lambda U: e(rho**2 * U ** (2 * beta)), 0, 1, epsabs=1e-12)[0]
    assert (4 * slope(0.01) - slope(0.02)) / 3 == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(("w", "std"), [(1, 0.3321), (3, 0.0401)])
def test_a_surrounded_class_collapses(w, std):
    m = GaussianMixture([1 / 3] * 3, [0.0, -4.0, 4.0], [1.0] * 3)
    law = ode_law(cfg(m, 1.0 + w), FAR, 0)
    assert law.std == pytest.approx(std, abs=5e-5)
    jacobian = 1 / (np.sqrt(2 * np.pi) * law.pdf(0.0))
    at_centre = m.posterior(torch.zeros(1, dtype=torch.float64), 0.0)[0, 0].item()
    assert jacobian == pytest.approx((1 / 3 / at_centre) ** w, rel=1e-6)


@pytest.mark.parametrize("beta", [1.0, 0.9, 0.5, 0.1, 0.01])
def test_without_guidance_every_sampler_is_exact(beta):
    m = GaussianMixture([0.2, 0.5, 0.3], [-3.0, 0.5, 6.0], [0.04, 2.0, 0.5])
    law, exact = sde_law(m, FAR, beta=beta), mixture_law(m)
    assert (law.mean, law.std, law.skew) == pytest.approx((exact.mean, exact.std, exact.skew), abs=1e-6)
    assert kl(exact, law) < 1e-8
    assert wasserstein1(exact, law) < 1e-6


def test_unequal_widths_against_paths():
    # Monte Carlo of x(guided) - x(plain) along the same noise: the plain law is known, N(0, 1)
    m, w, rng = two_classes(4.0, 0.5, std=3.0), 2.0, np.random.default_rng(0)
    sigmas = np.tan(np.linspace(np.arctan(1e3), 0.0, 601))
    plain = 1e3 * rng.standard_normal(20_000)
    guided = plain.copy()
    for sigma, below in zip(sigmas, sigmas[1:], strict=False):
        v_c, v_o, step = 1 + sigma**2, 9 + sigma**2, sigma**2 - below**2
        noise = np.sqrt(step) * rng.standard_normal(len(plain))
        l = -(guided**2) / (2 * v_c) + (guided + 4) ** 2 / (2 * v_o) - np.log(v_c / v_o) / 2
        extra = w * expit(-l) * (-guided / v_c + (guided + 4) / v_o)
        # the Gaussian part exactly as its bridge, the guidance part by Euler
        shrink = (1 + below**2) / v_c
        guided = shrink * (guided + step * extra) + np.sqrt(shrink) * noise
        plain = shrink * plain + np.sqrt(shrink) * noise
    law = sde_law(cfg(m, 1 + w), 1e3, 0)
    for power, expected in ((1, law.mean), (2, law.std**2 + law.mean**2 - 1)):
        difference = guided**power - plain**power
        error = difference.std() / np.sqrt(len(plain))
        assert difference.mean() == pytest.approx(expected, abs=4 * error + 0.005)
        assert abs(expected) > 0.05


@pytest.mark.parametrize("sigma_max", [10.0, 1e3, FAR])
@pytest.mark.parametrize("prior_mean", [0.0, -2.0])
def test_what_remains_of_the_prior(sigma_max, prior_mean):
    # for a class N(0, 1): mean m_0 v^(-1/(2 beta)), variance 1 - v^(-1/beta), v = 1 + sigma_max^2
    m, v = two_classes(4.0), 1 + sigma_max**2
    for beta in (1.0, 0.5, 0.8):
        law = sde_law(cfg(m, 1.0), sigma_max, 0, beta=beta, prior_mean=prior_mean)
        assert law.mean == pytest.approx(prior_mean * v ** (-1 / (2 * beta)), abs=1e-8)
        assert law.std == pytest.approx(np.sqrt(1 - v ** (-1 / beta)), abs=1e-8)


def test_far_off_data_are_found():
    m = GaussianMixture([0.5, 0.5], [1000.0, 1008.0], [1.0, 1.0])
    for law in (ode_law(m, FAR), sde_law(m, FAR)):
        assert law.mean == pytest.approx(1004.0, abs=1e-4)  # the prior, 1000/1e8, moves mass
        assert law.std == pytest.approx(np.sqrt(17.0), abs=1e-6)


def test_fokker_planck_keeps_the_mass(monkeypatch):
    masses = []
    step = fokker_planck.se.radau_step

    def watched(mesh, operators, at_start, q, h, retry):
        new, error = step(mesh, operators, at_start, q, h, retry)
        masses.append((mesh.mass * new).sum())
        return new, error

    monkeypatch.setattr(fokker_planck.se, "radau_step", watched)
    sde_law(cfg(two_classes(8.0), 4.0), FAR, 0)
    assert len(masses) > 5 and np.abs(np.array(masses) - 1).max() < 1e-10


def test_breaks_make_a_guidance_interval_quick_and_change_nothing():
    limited = interval(gaussian_pair(4.0), gaussian_pair(1.0), 0.5, 2.0)
    calls = []

    def counted(x, sigma, cond=None):
        calls.append(sigma)
        return limited(x, sigma, cond)

    for law in (ode_law, sde_law):
        calls.clear()
        slow = law(counted, FAR)
        patient = len(calls)
        calls.clear()
        quick = law(counted, FAR, breaks=(0.5, 2.0))
        assert len(calls) < 0.6 * patient
        assert (quick.mean, quick.std) == pytest.approx((slow.mean, slow.std), abs=2e-7)


def test_a_law_is_quick():
    start = time.process_time()
    ode_law(cfg(two_classes(4.0), 2.5), FAR, 0)
    sde_law(cfg(two_classes(4.0), 2.5), FAR, 0)
    assert time.process_time() - start < 10  # about 1 s in all; the guard is for a runaway solver


def broken(answer):
    return lambda x, sigma, cond=None: answer(x)


@pytest.mark.parametrize("law", [ode_law, sde_law])
def test_bad_input_is_named(law):
    m = two_classes(4.0)
    for sigma_max in (0.0, -1.0, float("nan"), float("inf")):
        with pytest.raises(ValueError, match="sigma_max must be finite and > 0; got"):
            law(m, sigma_max)
    with pytest.raises(ValueError, match="prior_mean must be finite; got nan"):
        law(m, 10.0, prior_mean=float("nan"))
    with pytest.raises(ValueError, match=r"labels must lie in 0\.\.2; got 7"):
        law(m, 10.0, 7)
    with pytest.raises(ValueError, match="label 0, 1, ... or None; got -1"):
        law(m, 10.0, -1)
    with pytest.raises(ValueError, match="one integer label or None; got 0.5"):
        law(m, 10.0, 0.5)
    with pytest.raises(ValueError, match="breaks must be noise levels"):
        law(m, 10.0, breaks=(float("nan"),))
    with pytest.raises(ValueError, match="NaN or inf at sigma"):
        law(broken(lambda x: x * float("nan")), 10.0)
    with pytest.raises(ValueError, match=r"shape of x, \(5,\); got \(5, 1\)"):
        law(broken(lambda x: x[:, None]), 10.0)
    with pytest.raises(RuntimeError, match="one point and has no density"):
        law(broken(torch.zeros_like), 10.0)


@pytest.mark.parametrize("beta", [0.0, -0.5, 1.5, float("nan")])
def test_beta_outside_its_range_is_named(beta):
    with pytest.raises(ValueError, match=r"beta must lie in \(0, 1\]"):
        sde_law(two_classes(4.0), 10.0, beta=beta)
