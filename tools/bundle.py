"""Write a set of files, their checksums, and one archive of all: the same input makes the same bytes."""

from __future__ import annotations

import hashlib
import io
import zipfile
from pathlib import Path

from tools.files import write_bytes

SUMS = "SHA256SUMS"
EPOCH = (2020, 1, 1, 0, 0, 0)


def write_files(files: dict[str, bytes], target: Path) -> None:
    """Make the folder hold these files and no others; what is right already is left alone."""
    for path in sorted(target.rglob("*"), reverse=True):
        if path.is_file() and path.relative_to(target).as_posix() not in files:
            path.unlink()
        elif path.is_dir() and not any(path.iterdir()):
            path.rmdir()
    for name, content in files.items():
        path = target / name
        if path.is_file() and path.read_bytes() == content:
            continue
        write_bytes(path, content)


def sums(files: dict[str, bytes]) -> bytes:
    """One line for each file, as `sha256sum -c` reads them."""
    lines = [f"{hashlib.sha256(content).hexdigest()}  {name}" for name, content in sorted(files.items())]
    return ("\n".join(lines) + "\n").encode()


def archive(files: dict[str, bytes], folder: str = "") -> bytes:
    """A zip of the files below one folder, in the order given; times and modes are fixed."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as packed:
        for name, content in files.items():
            entry = zipfile.ZipInfo(f"{folder}/{name}" if folder else name, EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system, entry.external_attr = 3, 0o644 << 16
            if name == "mimetype":  # an EPUB's first entry is not compressed
                entry.compress_type = zipfile.ZIP_STORED
            packed.writestr(entry, content)
    return buffer.getvalue()
