"""The book's editions in _build/editions: `python -m tools.editions [--seed N]`.

notebooks/ and solved/, the course kit, the mirror that notebooks install from, EPUB and PDF, and a
zip of all with checksums. The site and the notebooks must be up to date.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from guidelib import __version__
from tools.articles import contents
from tools.bundle import SUMS, archive, sums, write_files
from tools.chapters import BookError, project
from tools.epub import epub
from tools.exercises import exercises
from tools.files import ROOT
from tools.kit import kit
from tools.mirror import write_mirror
from tools.mystmd import parse_book
from tools.notebooks import plan, stale
from tools.pdf import pdf
from tools.solved import write_solved

SEED = 1
ABOUT = """\
# {title}, version {version}

- `book.epub`, `book.pdf`: the book to read
- `notebooks/`: the chapters as notebooks, outputs stored; `solved/`: with every exercise answered
- `course/`: for each chapter a plan, exercises without solutions, variants drawn from seed {seed},
  figures for slides; for the teacher, in `teacher/`, solutions and the variants' key
- `mirror/`: the library, and data that notebooks read: a notebook in `notebooks/` installs from there

`sha256sum -c SHA256SUMS` checks the files. Code: MIT (LICENSE); text, figures and data: CC BY 4.0
(LICENSE-TEXT).
"""


def build(seed: int = SEED, root: Path = ROOT) -> Path:
    """Make every edition; returns the archive. Raises BookError where something is out of date."""
    out = root / "_build/editions"
    out.mkdir(parents=True, exist_ok=True)
    contents(root / "_build/html")  # complains early
    book = parse_book(root)
    tasks = plan([], root, book)
    old = stale(tasks, root)
    if old:
        raise BookError("\n".join([*old, "run 'make notebooks'"]))
    title = project(root)["title"]
    files = {"README.md": ABOUT.format(title=title, version=__version__, seed=seed).encode()}
    files |= {name: (ROOT / name).read_bytes() for name in ("LICENSE", "LICENSE-TEXT")}
    for task in tasks:
        name, path = task.chapter.name, task.chapter.path
        found = exercises(path, book.pages[path].mdast, task.chapter.text)
        solved = out / "solved" / f"{name}.ipynb"
        print(f"solved/{name}: {write_solved(task, found, solved, root)}", flush=True)
        files[f"notebooks/{name}.ipynb"] = task.path.read_bytes()
        files[f"solved/{name}.ipynb"] = solved.read_bytes()
        parts = kit(task.chapter, book, task.fresh, found, seed, root)
        for part, content in parts.items():
            files[f"course/{name}/{part}"] = content.encode() if isinstance(content, str) else content
    with tempfile.TemporaryDirectory(prefix="guidelib-mirror-") as folder:
        mirror = Path(folder)
        write_mirror(mirror)
        for path in sorted(path for path in mirror.rglob("*") if path.is_file()):
            files[f"mirror/{path.relative_to(mirror).as_posix()}"] = path.read_bytes()
    files["book.epub"] = epub(root)
    printed = pdf(root)
    if printed:
        files["book.pdf"] = printed
    files = dict(sorted(files.items()))
    files[SUMS] = sums(files)
    name = f"{project(root)['id']}-{__version__}"
    packed = {f"{name}.zip": archive(files, name)}
    write_files({**files, **packed, f"{name}.zip.sha256": sums(packed)}, out)
    return out / f"{name}.zip"


def main(arguments: list[str] | None = None, root: Path = ROOT) -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.editions", description=__doc__)
    parser.add_argument("--seed", type=int, default=SEED, help="of the variants of the exercises")
    options = parser.parse_args(arguments)
    try:
        path = build(options.seed, root)
    except BookError as error:
        print(error, file=sys.stderr)
        return 1
    except OSError as error:
        print(f"editions: {error.filename}: {error.strerror}; nothing there can be written", file=sys.stderr)
        return 1
    print(f"{path.relative_to(root)}: {path.stat().st_size / 1e6:.1f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
