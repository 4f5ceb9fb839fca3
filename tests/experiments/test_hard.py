"""Hard textures: a small run of the experiment, and what its numbers must be for real images."""

from types import SimpleNamespace

import pytest

from guidelib import checkpoints
from guidelib.experiments import hard


@pytest.fixture(scope="module")
def found():
    """The experiment with shipped networks and two steps of tuning."""
    settings = {"HARD": ("contours", "cell"), "EACH": 4, "SIGMAS": (0.2,), "LOOK": 4}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in settings.items():
            patch.setattr(hard, name, value)
        patch.setitem(hard.SISA, "sigma_end", 0.5)
        load = type("Load", (), {"seed": 0, "__call__": lambda self, name: checkpoints.load(name)})()
        yield SimpleNamespace(**hard.experiment(load, steps=2))


def test_real_images_are_what_they_are(found):
    assert found.real["accuracy"] > 0.8 and len(found.real["accuracy by class"]) == 2
    assert found.real["feature distance"] == pytest.approx([1, 1], abs=0.9)
    assert found.real["contrast"] == pytest.approx([1, 1], abs=0.4)
    assert "psnr" not in found.real


def test_each_network_denoises_its_classes(found):
    for name in ("all", "tuned", "label"):
        assert 20 < getattr(found, name)["psnr"]["0.2"] < 35
    assert (
        found.tuned["psnr"] != found.all["psnr"]
    )  # the shipped network was left as it was, and its copy tuned
