"""Figures: every function takes ``ax`` and returns artists. matplotlib and seaborn live only here.

One colour per object in the whole book (``COLORS``), chosen from the Okabe-Ito palette so that they
stay apart for colour-blind readers, and line styles that stay apart in print.
"""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import seaborn as sns
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.offsetbox import AnnotationBbox, OffsetImage

COLORS = {
    "conditional": "#009E73",  # the true p(x | y)
    "mixture": "#4D4D4D",  # p(x), all classes; also the unconditional sampler
    "tilted": "#999999",  # p(x | y)^g p(x)^(1 - g)
    "ode": "#D55E00",  # what the guided ODE samples
    "sde": "#0072B2",  # what the guided SDE samples
    "feature": "#CC79A7",  # feature guidance
    "class0": "#56B4E9",
    "class1": "#E69F00",
}
DASHES = {"conditional": "-", "mixture": (0, (1, 1.2)), "tilted": (0, (5, 2))}


def use_style() -> None:
    """The book's style sheet, for figures drawn from here on."""
    sns.set_theme(style="ticks", rc={})
    plt.rcdefaults()
    plt.style.use(Path(__file__).with_name("book.mplstyle"))


def panels(ncols: int = 1, nrows: int = 1, *, width: float = 6.8, height: float = 2.9, **settings):
    """(figure, axes) of the book's column width; ``settings`` go to ``plt.subplots``."""
    return plt.subplots(nrows, ncols, figsize=(width, height), **settings)


def curve(ax, x, y, kind: str | None = None, label: str | None = None, at: float | None = None, **style):
    """A curve in its object's colour, named directly at abscissa ``at`` (default: its highest point)."""
    x, y = np.asarray(x, float), np.asarray(y, float)
    style = {"color": COLORS.get(kind), "ls": DASHES.get(kind, "-")} | style
    style = {k: v for k, v in style.items() if v is not None}
    (line,) = ax.plot(x, y, **style)
    if label:
        i = int(np.nanargmax(y)) if at is None else int(np.abs(x - at).argmin())
        name(ax, x[i], y[i], label, line.get_color())
    return line


def name(ax, x: float, y: float, text: str, color: str = "#333333", dx: float = 4, dy: float = 4, **style):
    """Text beside the point (x, y), ``dx`` and ``dy`` points away."""
    align = {"ha": "left" if dx >= 0 else "right", "va": "bottom" if dy >= 0 else "top"}
    style = align | {"fontsize": 8.5} | style
    return ax.annotate(text, (x, y), (dx, dy), textcoords="offset points", color=color, **style)


def law(ax, x, pdf, kind: str, label: str | None = None, fill: bool = False, **where):
    """A density over x, filled if it is the one to compare with."""
    line = curve(ax, x, pdf, kind, label, **where)
    if fill:
        ax.fill_between(*line.get_data(), color=line.get_color(), alpha=0.15, lw=0)
    ax.set_ylim(0, 1.12 * ax.dataLim.ymax)
    return line


def histogram(ax, samples, kind: str, bins=60, **style):
    """A normalised histogram of samples in its object's colour."""
    style = {"alpha": 0.35, "edgecolor": "none"} | style
    return sns.histplot(
        x=np.asarray(samples), stat="density", bins=bins, color=COLORS.get(kind, kind), ax=ax, **style
    )


def paths(ax, sigmas, paths, color="#333333", **style):
    """Trajectories (steps, n) over the noise level, time running to the right."""
    style = {"color": color, "lw": 0.7, "alpha": 0.6} | style
    lines = ax.plot(np.asarray(sigmas, float), np.asarray(paths, float), **style)
    noise_axis(ax)
    return lines


def noise_axis(ax, label: str = r"noise level $\sigma$", ticks=None) -> None:
    """A logarithmic sigma axis that runs from noise (left) to data (right), marked at ``ticks`` if given."""
    ax.set_xscale("log")
    if not ax.xaxis_inverted():
        ax.invert_xaxis()
    ax.set_xlabel(label)
    if ticks is not None:
        ax.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
        ax.set_xticks([], minor=True)


def between(kind0: str, kind1: str) -> LinearSegmentedColormap:
    """A colour map from one object's colour through white to another's: for p(class 1 | x)."""
    return LinearSegmentedColormap.from_list("between", [COLORS[kind0], "white", COLORS[kind1]])


def field(ax, sigmas, x, values, cmap="Greys", levels=None, **style):
    """Values (len(x), len(sigmas)) as shading behind trajectories, each column on its own scale."""
    values = np.asarray(values, float)
    values = values / values.max(axis=0, keepdims=True)
    return ax.pcolormesh(
        np.asarray(sigmas, float), np.asarray(x, float), values,
        cmap=cmap, shading="gouraud", vmax=1.6, rasterized=True, **style,
    )  # fmt: skip


def slope(ax, x, y, order: float, label: str | None = None):
    """A dashed guide line of the given log-log slope through the last point of (x, y)."""
    x, y = np.asarray(x, float), np.asarray(y, float)
    guide = y[-1] * (x / x[-1]) ** order
    (line,) = ax.loglog(x, guide, color="#999999", ls=(0, (4, 3)), lw=1)
    middle = len(x) // 2  # named below the line, on the side where it has already fallen away
    side = 3 if order > 0 else -3
    text = label or f"slope {order:g}".replace("-", "−")
    name(ax, x[middle], guide[middle], text, "#777777", dx=side, dy=-3)
    return line


def image_grid(
    ax, images, ncols: int = 8, *, rows=None, columns=None, names=None, gap: int = 2, fontsize: float = 7
):
    """Grey images (N, H, W) or (N, 1, H, W) of range [0, 1] side by side, ``ncols`` to a row.

    ``rows`` and ``columns`` name whole rows and columns, ``names`` the single images; None is no name.
    """
    images = np.asarray(images, float)
    images = images.reshape(len(images), *images.shape[-2:])
    h, w = np.add(images.shape[1:], gap)
    nrows = -(-len(images) // ncols)
    sheet = np.full((nrows * h - gap, ncols * w - gap), np.nan)  # what is not a number shows the page
    for i, image in enumerate(images):
        y, x = i // ncols * h, i % ncols * w
        sheet[y : y + h - gap, x : x + w - gap] = image
    artist = ax.imshow(sheet, cmap="gray", vmin=0, vmax=1, interpolation="nearest")
    ax.set_axis_off()
    x, y = (w - gap) / 2 - 0.5, (h - gap) / 2 - 0.5  # the middle of the first image
    for i, text in enumerate(rows or []):
        name(ax, -0.5, i * h + y, text, dx=-4, dy=0, va="center", fontsize=fontsize)
    for i, text in enumerate(columns or []):
        name(ax, i * w + x, -0.5, text, dx=0, dy=3, ha="center", fontsize=fontsize)
    for i, text in enumerate(names or []):
        name(ax, i % ncols * w + x, i // ncols * h - 0.5, text, dx=0, dy=1, ha="center", fontsize=fontsize)
    return artist


def thumbnail(ax, image, xy, zoom: float, **where):
    """A grey image (H, W) of range [0, 1] at the point xy, ``zoom`` points to a pixel."""
    tile = OffsetImage(np.asarray(image, float), cmap="gray", clim=(0, 1), zoom=zoom, interpolation="nearest")
    return ax.add_artist(AnnotationBbox(tile, xy, frameon=False, pad=0, **where))
