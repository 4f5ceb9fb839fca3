"""Crawl tiles: variants grouped by name, in both forms in which they come."""

import importlib
import io
import os
import zipfile

import numpy as np
import pytest
import torch
from PIL import Image

from guidelib.datasets import MissingData, crawl_tiles, download

crawl = importlib.import_module("guidelib.datasets.crawl")


def tile(value: int, alpha: int = 255) -> bytes:
    file = io.BytesIO()
    Image.fromarray(np.full((32, 32, 4), (value, value, value, alpha), np.uint8)).save(file, "png")
    return file.getvalue()


@pytest.fixture
def tiles(tmp_path, monkeypatch):
    """Nine variants of moss, four of vault, three of crypt, and one that has no number."""
    monkeypatch.setenv(download.MIRROR, str(tmp_path))
    files = {f"dngn/floor/moss_{i}.png": tile(10 * i) for i in range(2, 11)}
    files |= {f"dngn/wall/vault{i}.png": tile(200, alpha=51) for i in range(4)}
    files |= {f"dngn/wall/crypt{i}.png": tile(1) for i in range(3)} | {"dngn/floor/lone.png": tile(1)}
    return files


def clone(folder, files):
    for name, content in files.items():
        path = folder / "crawl-tiles-cc0/tiles/releases/Nov-2015" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def archive(folder, files):
    (folder / "crawl-tiles-cc0").mkdir()
    with zipfile.ZipFile(folder / "crawl-tiles-cc0/crawl_tiles_Nov2015.zip", "w") as file:
        for name, content in files.items():
            file.writestr(name, content)


@pytest.mark.parametrize("form", [clone, archive])
def test_kinds_with_four_variants_are_read_and_the_last_quarter_is_for_tests(
    tmp_path, monkeypatch, tiles, form
):
    form(tmp_path, tiles)
    monkeypatch.setattr(crawl, "SHA256", crawl._hash(crawl._files()))
    train, test = crawl_tiles("train"), crawl_tiles("test")
    assert train.names == ("floor/moss", "wall/vault")
    assert train.images.shape == (7 + 3, 1, 32, 32) and test.labels.tolist() == [0, 0, 1]
    grey = 255 * test.images[:, 0, 0, 0]
    assert torch.allclose(grey, torch.tensor([90.0, 100.0, 200 * 51 / 255])), "numbers, not letters, sort"


def test_other_tiles_are_refused(tmp_path, tiles):
    clone(tmp_path, tiles)
    with pytest.raises(ValueError, match="not those of the release of November 2015"):
        crawl_tiles()


@pytest.mark.parametrize("mirror", [None, "nowhere"])
def test_without_tiles_one_line_says_how_to_get_them(monkeypatch, mirror):
    monkeypatch.delenv(download.MIRROR, raising=False)
    if mirror:
        monkeypatch.setenv(download.MIRROR, mirror)
    with pytest.raises(MissingData, match="clone https://github.com/crawl/tiles to a folder") as error:
        crawl_tiles()
    assert "\n" not in str(error.value)


def test_the_published_tiles_are_read():
    try:
        data = crawl_tiles()
    except MissingData:
        pytest.skip(f"{download.MIRROR} names no folder with crawl-tiles-cc0")
    assert len(data.names) == 76 and len(data.images) == 411 and os.environ[download.MIRROR]
