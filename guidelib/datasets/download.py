"""Public data sets: verified files from a mirror folder, the cache or the net, in this order."""

import os
from pathlib import Path

MIRROR = "GUIDELIB_DATA"


class MissingData(RuntimeError):
    """A public file is not here and could not be downloaded; the message says how to get it."""


def cache_folder() -> Path:
    """Where downloads are kept: the user's cache, in a folder ``guidelib``."""
    import pooch  # only downloads need it, and in a notebook its import prints a warning

    return Path(pooch.os_cache("guidelib"))


def mirror_folder(folder: str) -> Path | None:
    """``$GUIDELIB_DATA/folder``, or None where the variable is not set; it need not exist."""
    mirror = os.environ.get(MIRROR)
    return Path(mirror).expanduser() / folder if mirror else None


def public_file(url: str, md5: str, folder: str) -> Path:
    """The path of a published file, verified by its MD5.

    The last part of ``url`` is the file's name. It is looked for in ``$GUIDELIB_DATA/folder``, then in
    the cache, and is otherwise downloaded into the cache, with a progress bar and two more attempts.
    A file that is there and differs from the published one is a ValueError, and stays as it is; one
    that cannot be had raises ``MissingData``.
    """
    name = url.rsplit("/", 1)[1]
    mirror, cache = mirror_folder(folder), cache_folder() / folder
    for place in (mirror, cache):
        if place and (place / name).exists():
            return _verified(place / name, md5)
    import pooch

    known, urls = {name: f"md5:{md5}"}, {name: url}
    shelf = pooch.create(cache, base_url="", registry=known, urls=urls, retry_if_failed=2)
    pooch.get_logger().setLevel("WARNING")  # the progress bar is enough
    try:
        return Path(shelf.fetch(name, downloader=pooch.HTTPDownloader(progressbar=True, timeout=30)))
    except ValueError:  # what arrived has another hash; it is gone, nothing else was touched
        raise ValueError(f"{url} does not give the published {name} (MD5 {md5}); try again later") from None
    except OSError as error:  # all network errors of requests are of this kind
        raise MissingData(
            f"{name} could not be downloaded ({type(error).__name__}): connect to a network, or put the "
            f"published files into a folder {folder} and set {MIRROR} to the folder that holds {folder}"
        ) from None


def _verified(path: Path, md5: str) -> Path:
    import pooch

    found = pooch.file_hash(str(path), alg="md5")
    if found != md5:
        raise ValueError(
            f"{path} is not the published file: its MD5 is {found}, not {md5}. It was left as it is; "
            "move it away to have it downloaded, or put the published one in its place"
        )
    return path
