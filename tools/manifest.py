"""data/manifest.json: what a notebook away from the checkout may download: `python -m tools.manifest`.

The repository's address, and size and SHA-256 of every file below data/ that chapters read. The
small files that the package itself carries are not among them.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from pathlib import Path

from tools.chapters import BookError, github
from tools.files import ROOT, write_text

MANIFEST = "data/manifest.json"
CARRIED = {"README.md", "claims.toml", "manifest.json", "status.json"}


def manifest(root: Path = ROOT) -> str:
    """The text of the manifest that belongs to the files that are there."""
    folder = root / "data"
    files = {}
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        name = path.relative_to(folder).as_posix()
        if name not in CARRIED and not path.name.startswith("."):
            content = path.read_bytes()
            files[name] = {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    return json.dumps({"github": github(root), "files": files}, indent=1) + "\n"


def main(arguments: list[str] | None = None, root: Path = ROOT) -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.manifest", description=__doc__)
    parser.add_argument("--check", action="store_true", help="only say whether it is out of date")
    options = parser.parse_args(arguments)
    path = root / MANIFEST
    try:
        text = manifest(root)
    except BookError as error:
        print(error, file=sys.stderr)
        return 1
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return 0
    if options.check:
        print(f"{MANIFEST} is stale; run 'python -m tools.manifest' and commit it")
        return 1
    write_text(path, text)
    print(f"{MANIFEST} written")
    return 0


if __name__ == "__main__":
    sys.exit(main())
