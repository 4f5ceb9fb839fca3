"""Figures: one colour per object, artists where they belong, no state left behind."""

import re

import matplotlib
import numpy as np
import pytest

from guidelib import plots

matplotlib.use("Agg")


@pytest.fixture
def ax():
    plots.use_style()
    figure, ax = plots.panels()
    yield ax
    figure.canvas.draw()  # whatever was drawn can be rendered
    plots.plt.close(figure)


def test_colours_are_distinct():
    """Two objects of one colour could not be told apart anywhere in the book."""
    assert len(set(plots.COLORS.values())) == len(plots.COLORS)
    assert all(re.fullmatch(r"#[0-9A-F]{6}", color) for color in plots.COLORS.values())


def test_panels_have_the_width_of_the_column():
    figure, axes = plots.panels(3, width=6.8)
    assert len(axes) == 3 and figure.get_size_inches()[0] == pytest.approx(6.8)
    plots.plt.close(figure)


def test_a_law_has_its_objects_colour_and_its_name(ax):
    x = np.linspace(-3, 3, 61)
    line = plots.law(ax, x, np.exp(-(x**2) / 2), "ode", "guided ODE", fill=True)
    assert line.get_color() == plots.COLORS["ode"]
    (text,) = ax.texts
    assert text.get_text() == "guided ODE" and text.xy == (pytest.approx(0), pytest.approx(1))
    assert len(ax.collections) == 1 and ax.get_ylim()[0] == 0 and ax.get_ylim()[1] > 1


def test_a_histogram_is_a_density(ax):
    plots.histogram(ax, np.random.default_rng(0).normal(size=1000), "sde", bins=20)
    assert sum(bar.get_width() * bar.get_height() for bar in ax.patches) == pytest.approx(1)


def test_the_noise_axis_runs_from_noise_to_data(ax):
    """Once turned it stays turned, however often it is asked for."""
    plots.paths(ax, [10.0, 1.0, 0.1], np.zeros((3, 4)))
    plots.noise_axis(ax)
    assert ax.xaxis_inverted() and ax.get_xscale() == "log" and len(ax.lines) == 4


def test_a_field_scales_each_column(ax):
    mesh = plots.field(ax, [1.0, 0.1], [0.0, 1.0, 2.0], [[1.0, 10.0], [2.0, 20.0], [4.0, 40.0]])
    assert np.allclose(mesh.get_array().reshape(3, 2), [[0.25, 0.25], [0.5, 0.5], [1, 1]])


def test_a_slope_passes_through_the_last_point(ax):
    x = np.array([1.0, 10.0, 100.0])
    line = plots.slope(ax, x, x**-2, order=-2)
    assert np.allclose(line.get_ydata(), x**-2.0)


def test_an_image_grid_shows_every_image_in_its_place_with_its_name(ax):
    images = np.linspace(0, 1, 5 * 12).reshape(5, 1, 3, 4)
    artist = plots.image_grid(
        ax, images, 2, gap=1, rows=["a", "b", "c"], columns=["x", "y"], names=list("pqrst")
    )
    sheet = np.asarray(artist.get_array())
    assert sheet.shape == (3 * 4 - 1, 2 * 5 - 1) and artist.get_clim() == (0, 1)
    for i in range(5):
        y, x = i // 2 * 4, i % 2 * 5
        assert np.array_equal(sheet[y : y + 3, x : x + 4], images[i, 0])
    shown = np.isfinite(sheet.astype(float)).sum() if not np.ma.isMaskedArray(sheet) else sheet.count()
    assert shown == images.size, "between the images and where the sixth would be is the page"
    places = {text.get_text(): text.xy for text in ax.texts}
    assert len(places) == 10 and places["t"] == (1.5, 7.5) and places["y"] == (6.5, -0.5)
    assert places["b"] == (-0.5, 5.0)


def test_a_thumbnail_stands_at_its_point_with_black_0_and_white_1():
    fig, ax = plots.panels()
    box = plots.thumbnail(ax, [[0.2, 0.7]], (0.5, 0.25), 2.0)
    assert box.xy == (0.5, 0.25) and box.offsetbox.image.get_clim() == (0, 1)
    assert box.offsetbox.get_zoom() == 2.0
    plots.plt.close(fig)
