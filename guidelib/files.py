"""Files that a chapter needs, wherever its notebook runs: the checkout's own, or a verified download.

``data/manifest.json`` names every file below ``data/`` with its SHA-256, and the repository; the
installed package carries a copy. ``GUIDELIB_MIRROR`` names another source: a folder or an address
below which ``data/`` lies.
"""

from __future__ import annotations

import difflib
import json
import os
import shutil
from pathlib import Path

from guidelib import __version__

_PACKAGE = Path(__file__).resolve().parent


def shipped(name: str) -> Path:
    """A small file of ``data/`` that an installed package carries (``claims.toml``, ``manifest.json``)."""
    packaged = _PACKAGE / name
    return packaged if packaged.exists() else _PACKAGE.parent / "data" / name


def path(name: str) -> Path:
    """Where ``data/<name>`` lies on this machine, such as ``path("checkpoints/digits.safetensors")``.

    In a checkout it is the checkout's file, as it stands. Elsewhere the file is downloaded once into
    the user's cache, from ``GUIDELIB_MIRROR`` or from the repository at this version's tag, and must
    have the SHA-256 of the manifest. Raises KeyError for a name that the manifest lacks, OSError where
    the file cannot be had, ValueError where another file came.
    """
    own = _PACKAGE.parent / "data" / name
    if own.is_file():
        return own
    manifest = json.loads(shipped("manifest.json").read_text(encoding="utf-8"))
    if name not in manifest["files"]:
        near = ", ".join(difflib.get_close_matches(name, manifest["files"], n=3, cutoff=0.3))
        raise KeyError(f"no file {name!r} in data/manifest.json; nearest: {near or 'none'}")
    source = _source(manifest["github"])
    if source is None:
        raise OSError(
            f"{name} comes with a checkout of the book and is not on this machine; "
            "set GUIDELIB_MIRROR to a folder or an address below which data/ lies"
        )
    return _download(name, f"{source}/data/", manifest["files"][name]["sha256"])


def _source(github: str | None) -> str | None:
    mirror = os.environ.get("GUIDELIB_MIRROR", "").rstrip("/")
    if mirror or github is None:
        return mirror or None
    return f"{github}/raw/v{__version__}"


def _download(name: str, source: str, sha256: str) -> Path:
    import pooch  # here, not above: a checkout does not need it

    store = pooch.create(
        path=pooch.os_cache("guidelib"),
        base_url=source,
        registry={name: f"sha256:{sha256}"},
        retry_if_failed=2,
    )
    pooch.get_logger().setLevel("WARNING")
    try:
        return Path(store.fetch(name, downloader=None if "://" in source else _copy, progressbar=True))
    except OSError as error:
        raise OSError(
            f"{name} cannot be had from {source} ({type(error).__name__}); connect to a network, or set "
            "GUIDELIB_MIRROR to a folder or an address below which data/ lies"
        ) from error
    except ValueError as error:
        raise ValueError(
            f"{source}{name} is not the file of guidelib {__version__}: its SHA-256 differs from the "
            "manifest's; nothing was kept. Take the files of the same version"
        ) from error


def _copy(address: str, target: str | Path, _store: object) -> None:
    """A mirror that is a folder on this machine."""
    shutil.copyfile(address, target)
