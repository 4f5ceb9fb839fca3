"""Build the book's site into _build/html from the text and the notebooks' stored outputs.

``python -m tools.site``: assembles _build/src, has mystmd and theme/ render it, checks every link,
and only then puts the result in place. Nothing is executed; a second run with nothing changed
builds nothing.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import signal
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import yaml

from tools.chapters import BookError
from tools.files import ROOT, write_text
from tools.links import check_links
from tools.site_source import assemble

LIMIT_SECONDS = 300
SHOWN = 12  # problems printed at once


def build(root: Path = ROOT) -> Path:
    """Build the site of the book under ``root`` if something changed; returns the folder."""
    site, stamp = root / "_build/html", root / "_build/html.stamp"
    if not (root / "myst.yml").exists():
        raise BookError(f"there is no myst.yml in {root}")
    theme = root / yaml.safe_load((root / "myst.yml").read_text(encoding="utf-8"))["site"]["template"]
    key = _key(root, theme)
    if (site / "index.html").exists() and stamp.exists() and stamp.read_text(encoding="utf-8") == key:
        return site
    _install(theme)
    source = root / "_build/src"
    shutil.rmtree(source, ignore_errors=True)
    assemble(root, source)
    _myst(source)
    built = source / "_build/html"
    _stop_at(check_links(built), "links of the built site")
    stamp.unlink(missing_ok=True)
    old = root / "_build/html.old"
    shutil.rmtree(old, ignore_errors=True)
    if site.exists():
        site.rename(old)
    built.rename(site)
    shutil.rmtree(old, ignore_errors=True)
    write_text(stamp, key)
    return site


def _key(root: Path, theme: Path) -> str:
    """A hash of all that the site depends on."""
    folders = [(root, "myst.yml"), (root, "chapters/**/*"), (root, "notebooks/*.ipynb")]
    folders += [(root, "data/status.json"), (theme, "*"), (theme, "reader/*")]
    folders += [(Path(__file__).parent, "*.py")]
    files = [path for folder, name in folders for path in sorted(folder.glob(name)) if path.is_file()]
    digest = hashlib.sha256(version("mystmd").encode())
    for path in files:
        digest.update(f"{path.name}\0{path.stat().st_size}\0".encode() + path.read_bytes())
    return digest.hexdigest()


def _install(theme: Path) -> None:
    """The theme's npm parts, once per lock file. The only step that needs a network."""
    lock = hashlib.sha256((theme / "package-lock.json").read_bytes()).hexdigest()
    stamp = theme / "node_modules/.installed"
    if stamp.exists() and stamp.read_text(encoding="utf-8") == lock:
        return
    print("Installing the theme's parts (once; 30 MB)", file=sys.stderr)
    options = ["--no-audit", "--no-fund", "--fetch-retries=1", "--fetch-retry-mintimeout=1000"]
    code, output = _run(["npm", "ci", "--ignore-scripts", *options], theme)
    if code:
        lines = [line for line in output.split("\n") if line.startswith("npm error")] or [output.strip()]
        reason = re.sub(r"^npm error ", "", lines[-1] if len(lines) == 1 else lines[1])
        raise BookError(
            f"npm could not install the theme's parts: {reason}; connect to a network, or name a registry "
            "that can be reached (npm config set registry ...), and run make again"
        )
    write_text(stamp, lock)


def _myst(source: Path) -> None:
    """Build ``source/_build/html``; any warning of mystmd or of the theme is an error."""
    code, output = _run(["myst", "build", "--html", "--strict"], source)
    # the theme's own complaints open with the page; mystmd's with one of two signs
    signs = re.compile(r"^(?:⚠️|⛔️|⚠|⛔)\s*(.*)|^(/?\S+\.(?:md|ipynb): .*)")
    problems = [m[1] or m[2] for m in map(signs.match, output.split("\n")) if m]
    # a chapter was read as a notebook: its lines count from the start of some cell
    problems = [re.sub(r"^/?(\S+)\.ipynb(:\d+)*:?", r"\1.md:", line) for line in problems]
    problems = [re.sub(r"(\d\d_\w+)\.ipynb", r"\1.md", line).removeprefix("/") for line in problems]
    _stop_at(list(dict.fromkeys(problems)), "mystmd and the theme")
    if code or not (source / "_build/html/index.html").exists():
        raise BookError(f"mystmd ended with {code}; it said:\n{output.strip()[-2000:]}")


def _stop_at(problems: list[str], where: str) -> None:
    if problems:
        more = f"\n  ... and {len(problems) - SHOWN} more" if len(problems) > SHOWN else ""
        listed = "\n  ".join(problems[:SHOWN])
        raise BookError(f"{len(problems)} problem(s), {where}:\n  {listed}{more}")


def _run(command: list[str], folder: Path) -> tuple[int, str]:
    """Run a tool of Node.js to its end; its whole family of processes ends with it."""
    here = Path(sys.executable).parent  # node, npm and myst lie beside this Python
    path = f"{here}{os.pathsep}{os.environ.get('PATH', '')}"
    for needed in ("node", command[0]):
        if shutil.which(needed, path=path) is None:
            raise BookError(f"{needed} is not there; run 'make setup', which puts it into .venv")
    # HOST, which conda sets, would be a warning of mystmd's; links are relative, BASE_URL has no part
    environment = {k: v for k, v in os.environ.items() if k not in ("HOST", "BASE_URL", "READTHEDOCS")}
    process = subprocess.Popen(
        [shutil.which(command[0], path=path), *command[1:]],
        cwd=folder,
        env={**environment, "PATH": path, "NO_COLOR": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        start_new_session=True,
    )
    try:
        output, _ = process.communicate(timeout=LIMIT_SECONDS)
    except subprocess.TimeoutExpired as error:
        raise BookError(f"{command[0]} took longer than {LIMIT_SECONDS} s; run it again") from error
    finally:
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    return process.returncode, output


def main() -> int:
    try:
        site = build()
    except BookError as error:
        print(f"site: {error}", file=sys.stderr)
        return 1
    print(f"{site / 'index.html'}: open it in a browser, or run 'make serve'")
    return 0


if __name__ == "__main__":
    sys.exit(main())
