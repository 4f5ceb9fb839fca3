"""Procedural classes: what the parameters say is what the pictures show."""

import math

import pytest
import torch
from worlds import generator

from guidelib.datasets.procedural import GENERATORS, PROCEDURAL, procedural_samples
from guidelib.datasets.regular import checks, dots, stripes
from guidelib.datasets.scattered import blobs, cells, gabors, leaves, lines


def peak(images):
    """The frequency of most power, (radius, angle in degrees mod 180), of the images together."""
    size = images.shape[-1]
    x = images - images.mean((1, 2), keepdim=True)
    wide = torch.fft.fft2(x, s=(6 * size, 6 * size)).abs().square().mean(0)
    row, column = divmod(int(wide.flatten().argmax()), 6 * size)
    f = torch.fft.fftfreq(6 * size)
    fy, fx = f[row].item(), f[column].item()
    return math.hypot(fy, fx), math.degrees(math.atan2(fy, fx)) % 180


@pytest.mark.parametrize("name", [n for n, (kind, _) in PROCEDURAL.items() if kind == "stripes"])
def test_stripes_have_the_period_and_angle_of_their_class(name):
    parameters = PROCEDURAL[name][1]
    radius, angle = peak(procedural_samples(24, 40, generator(), name))
    assert radius == pytest.approx(1 / parameters["period"], abs=0.004)
    assert abs((angle - parameters["angle"] + 90) % 180 - 90) < 2.5


@pytest.mark.parametrize("duty", [0.3, 0.5])
def test_the_light_share_of_stripes_is_the_duty(duty):
    images = stripes(400, 32, generator(), period=8.0, angle=30, duty=duty)
    light = images > images.mean((1, 2), keepdim=True).clamp(0.45, 0.55)
    assert light.double().mean().item() == pytest.approx(duty, abs=0.02)


def test_checks_change_colour_after_half_a_period_either_way():
    x = checks(50, 48, generator(), period=16.0, angle=0)
    x = x - x.mean((1, 2), keepdim=True)
    along = (x[:, :, 8:] * x[:, :, :-8]).mean()
    across = (x[:, 8:, 8:] * x[:, :-8, :-8]).mean()
    assert along < -0.7 * x.var() and across > 0.6 * x.var()


def test_the_area_of_dots_is_that_of_their_discs():
    images = dots(300, 32, generator(), spacing=10.0, radius=3.5, hexagonal=True)
    light = images > 0.5
    assert light.double().mean().item() == pytest.approx(
        2 * math.pi * 3.5**2 / (10**2 * math.sqrt(3)), abs=0.01
    )


@pytest.mark.parametrize("level", [-0.9, 0.0, 0.9])
def test_blobs_cover_the_share_that_a_normal_variable_is_above_the_level(level):
    images = blobs(600, 32, generator(), frequency=0.13, level=level)
    share = (images > 0.5).double().mean().item()
    assert share == pytest.approx(0.5 * math.erfc(level / math.sqrt(2)), abs=0.015)


def test_borders_of_cells_are_as_long_as_the_spacing_says():
    """Borders have the length 2/spacing for each unit of area, as those of squares and of Poisson's."""
    for spacing in (10.0, 16.0):
        x = cells(300, 32, generator(), spacing=spacing, style="cracks")
        dark = (x < x.mean((1, 2), keepdim=True).clamp(0.4, 0.5)).double().mean()
        width = 2 * 0.7  # on which a border is dark
        assert dark.item() == pytest.approx(2 * width / spacing, rel=0.15)
    with pytest.raises(ValueError, match="style must be mosaic, cracks"):
        cells(1, 16, generator(), spacing=8.0, style="crack")


@pytest.mark.parametrize("angle", [20, 75, 130])
def test_lines_run_in_their_direction(angle):
    x = lines(200, 32, generator(), count=8, angles=(angle,), spread=3.0, width=4.0)
    dy, dx = torch.gradient(x, dim=(1, 2))
    found = 0.5 * math.degrees(math.atan2(2 * (dx * dy).mean(), ((dx**2) - (dy**2)).mean())) + 90
    assert abs((found - angle + 90) % 180 - 90) < 4


@pytest.mark.parametrize(("shape", "area"), [("disc", math.pi), ("square", 4), ("petal", math.pi / 3)])
def test_one_leaf_covers_its_area(shape, area):
    """The mean over places within the image and a margin of the radius, whose side is size + 2 r."""
    r, n = 6.0, 3000
    images = leaves(n, 32, generator(), count=1, radii=(r, r), shape=shape)
    ground = images.flatten(1).mode().values  # the more frequent of two tones
    covered = ((images - ground[:, None, None]).abs() > 1e-9).double().mean((1, 2))
    edges = 1.1 * r / (32 + 2 * r) ** 2 * 2 * math.pi  # soft edges count as covered
    assert covered.mean().item() == pytest.approx(area * r**2 / (32 + 2 * r) ** 2, abs=edges)


def test_larger_leaves_have_fewer_borders():
    few, many = (
        leaves(100, 32, generator(), count=300, radii=radii).diff(dim=2).ne(0).double().mean()
        for radii in ((8.0, 12.0), (2.0, 3.0))
    )
    assert 2 * few < many


@pytest.mark.parametrize(("frequency", "angle"), [(0.15, 30), (0.25, 110)])
def test_gabors_have_their_frequency(frequency, angle):
    found = peak(gabors(80, 32, generator(), count=5, frequency=frequency, width=5.0, angle=angle))
    assert found[0] == pytest.approx(frequency, abs=0.01) and abs(found[1] - angle) < 4


@pytest.mark.parametrize("name", PROCEDURAL)
def test_a_class_is_one_call_of_its_generator(name):
    kind, parameters = PROCEDURAL[name]
    direct = GENERATORS[kind](3, 20, generator(4), **parameters)
    assert direct.shape == (3, 20, 20) and direct.dtype == torch.float64
    assert torch.equal(direct, procedural_samples(3, 20, generator(4), name))
