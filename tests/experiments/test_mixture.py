"""Two Gaussians: the exact blind denoiser, what is judged, and the whole experiment on tiny networks."""

import torch

from guidelib.experiments import mixture
from guidelib.nets import MLP, ProjectedMLP
from guidelib.recipes.mixture64 import AXIS, DIM, LAMBDA, world


def noisy(sigma, n=200):
    generator = torch.Generator().manual_seed(0)
    x0, y = world().sample(n, generator)
    return x0 + sigma * torch.randn(n, DIM, generator=generator, dtype=torch.float64), y


def test_the_blind_denoiser_is_the_mean_over_levels_of_the_informed_one():
    x, y = noisy(0.3, 20)
    for cond in (y, None):
        levels = mixture.LEVELS.tolist()
        if cond is None:
            log = torch.stack([world().log_prob(x, s) for s in levels])
        else:
            each = [torch.stack([world().conditional(k).log_prob(x, s) for s in levels]) for k in (0, 1)]
            log = torch.where(y == 1, each[1], each[0])
        D = torch.stack([world()(x, s, cond) for s in levels])
        expected = (torch.softmax(log, 0)[..., None] * D).sum(0)
        torch.testing.assert_close(mixture.blind_exact(x, None, cond), expected, atol=1e-9, rtol=0)
    null = torch.full((20,), 2)
    torch.testing.assert_close(mixture.blind_exact(x, None, null), mixture.blind_exact(x))


def test_many_dimensions_tell_the_noise_level():
    for sigma in (0.1, 0.5, 2.0):
        x, y = noisy(sigma)
        gap = mixture.blind_exact(x, sigma, y) - world()(x, sigma, y)
        assert gap.square().mean().sqrt() < 0.01 * sigma


def test_draws_of_the_class_are_judged_right():
    along = torch.randn(20_000, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    found = mixture.judged(along)
    assert found["W1"] < 0.02 and abs(found["mean"]) < 0.02 and abs(found["std"] - 1) < 0.02
    found = mixture.judged(torch.cat([along + 0.5, torch.full((20_000,), -8.0)]))
    assert abs(found["wrong"] - 0.5) < 1e-4
    assert abs(mixture.judged(along + 0.5)["W1"] - 0.5) < 0.02


def test_the_exact_denoiser_samples_the_class_by_every_sampler():
    ones = torch.ones(300, dtype=torch.int64)
    for sampler, shift in (("SDE", 0.0), ("ODE", -0.33)):  # the ODE never forgets where it started
        found = mixture.judged(mixture.draw(mixture.blind_exact, ones, sampler))
        assert abs(found["mean"] - shift) < 0.2 and abs(found["std"] - 1) < 0.15 and found["wrong"] < 0.01


def test_the_experiment_finds_numbers_for_every_way_and_sampler(monkeypatch):
    monkeypatch.setattr(mixture, "N", 12)
    monkeypatch.setattr(mixture, "STEPS", 5)
    monkeypatch.setattr(mixture, "sample_sisa", lambda D, x, cond, **_: type("", (), {"x": D(x, 1.0, cond)}))
    mixture.exact.cache_clear()
    nets = {
        "mixture64-feature": ProjectedMLP(DIM, 20, 2),
        "mixture64-label": MLP(DIM, 20, 2, num_classes=2),
        "mixture64-label-always": MLP(DIM, 20, 2, num_classes=2),
    }
    found = mixture.experiment(lambda name: nets[name].eval())
    mixture.exact.cache_clear()
    assert list(found) == ["SDE", "ODE", "SISA"]
    for ways in found.values():
        assert len(ways) == 9 and set(ways["one example"]) == {"W1", "mean", "std", "wrong", "slope"}


def test_a_sample_that_copies_its_example_has_slope_one(monkeypatch):
    x = world().sample(100, torch.Generator().manual_seed(0))[0]
    monkeypatch.setattr(mixture, "draw", lambda *_: (x @ AXIS - 1) / LAMBDA)
    assert abs(mixture.measured(None, None, x, "SDE")["slope"] - 1) < 1e-5
