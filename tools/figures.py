"""Modules and still pictures of the figures that move: ``python -m tools.figures``.

The sources in chapters/figures/src share a few small modules. mystmd copies each widget's module alone,
under a name made of its hash, into the site, and with it no other file: an ``import './mixture.mjs'``
would find nothing, in our theme as in the official one. So every figure is committed a second time as
one file without imports, chapters/figures/NAME.mjs, and its still picture as NAME.png or whatever the
chapter calls it. A test says when either is out of date.
"""

from __future__ import annotations

import hashlib
import inspect
import io
import json
import re
import sys
from pathlib import Path

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from tools import stills
from tools.chapters import BookError, listed_chapters
from tools.files import ROOT, write_bytes, write_text
from tools.moving import Moving, moving_figures

SOURCES = Path("chapters/figures/src")
IMPORT = re.compile(r"^import \{[^}]*\} from '\./([\w-]+)\.mjs';\n", re.MULTILINE)
TOP_LEVEL = re.compile(r"^(?:async )?(?:const|let|function|class) (\w+)", re.MULTILINE)
KEY = "Source"  # of the still's text chunk: the hash of what it shows and of what drew it
COLOURS = 128


def bundle(name: str, root: Path = ROOT) -> str:
    """The module ``name`` and all that it imports, as one module that imports nothing."""
    order: list[str] = []

    def visit(module: str) -> None:
        path = root / SOURCES / f"{module}.mjs"
        if not path.exists():
            raise BookError(f"{SOURCES}/{name}.mjs: it needs {SOURCES / module}.mjs, which is not there")
        if module in order:
            return
        for needed in IMPORT.findall(path.read_text(encoding="utf-8")):
            visit(needed)
        order.append(module)

    visit(name)
    parts, owner = [f"// Made from src/{name}.mjs by `python -m tools.figures`: edit that file."], {}
    for module in order:
        text = IMPORT.sub("", (root / SOURCES / f"{module}.mjs").read_text(encoding="utf-8"))
        if re.search(r"^\s*import\b|\bimport\(", text, re.MULTILINE):
            raise BookError(f"{SOURCES / module}.mjs: import only as `import {{ a, b }} from './x.mjs';`")
        if module != name:
            text = re.sub(r"^export (?=const|let|function|class)", "", text, flags=re.MULTILINE)
            if re.search(r"^export\b", text, re.MULTILINE):
                raise BookError(f"{SOURCES / module}.mjs: export only before const, let, function, class")
        for found in TOP_LEVEL.findall(text):
            if owner.setdefault(found, module) != module:
                raise BookError(f"{SOURCES}: {owner[found]}.mjs and {module}.mjs both define {found}")
        # comments are for the reader of the sources
        parts.append(re.sub(r"^ *(//|/?\*).*\n", "", text, flags=re.MULTILINE).strip())
    return "\n".join(parts) + "\n"


def check_options(figure: Moving) -> None:
    """The options are those that the drawing function takes, each of its type; BookError otherwise."""
    draw = stills.DRAW.get(figure.name)
    if draw is None:
        raise BookError(f"{figure.where}: no figure {figure.name!r}; there are {', '.join(stills.DRAW)}")
    wanted = {key: p.annotation for key, p in inspect.signature(draw).parameters.items()}
    for key in [*figure.options, *wanted]:
        if key in figure.options and key in wanted:
            continue
        problem = "unknown option" if key in figure.options else "missing option"
        raise BookError(
            f"{figure.where}: {problem} {key!r} of the figure {figure.name}; it takes {', '.join(wanted)}"
        )
    for key, value in figure.options.items():
        if not _fits(value, wanted[key]):
            raise BookError(f"{figure.where}: option {key!r} is {value!r}; wanted is {wanted[key]}")


def _fits(value, kind: str) -> bool:
    if kind.startswith("list["):
        return isinstance(value, list) and bool(value) and all(_fits(v, kind[5:-1]) for v in value)
    kinds = {"float": (int, float), "int": int, "str": str}
    return isinstance(value, kinds[kind]) and not isinstance(value, bool)


def key(figure: Moving) -> str:
    """A hash of the options and of the code that draws."""
    code = inspect.getsource(stills.DRAW[figure.name])
    return hashlib.sha256((json.dumps(figure.options, sort_keys=True) + code).encode()).hexdigest()[:16]


def key_of(path: Path) -> str | None:
    """The hash that a still picture carries."""
    return Image.open(path).text.get(KEY) if path.exists() else None


def picture(figure: Moving) -> bytes:
    """The still picture as PNG with few colours, which is small, and with its hash."""
    drawn = stills.DRAW[figure.name](**figure.options)
    buffer = io.BytesIO()
    drawn.savefig(buffer, format="png")
    stills.plots.plt.close(drawn)
    text = PngInfo()
    text.add_text(KEY, key(figure))
    small = io.BytesIO()
    Image.open(buffer).convert("RGB").quantize(COLOURS).save(small, "png", optimize=True, pnginfo=text)
    return small.getvalue()


def figures(root: Path = ROOT) -> list[Moving]:
    """Every moving figure of the book, its options checked; raises BookError."""
    found = []
    for path in listed_chapters(root):
        if (root / path).exists():
            found += moving_figures(path, (root / path).read_text(encoding="utf-8"))
    for figure in found:
        check_options(figure)
    return found


def main(root: Path = ROOT) -> int:
    try:
        for figure in figures(root):
            module, still = (root / "chapters" / name for name in (figure.module, figure.still))
            text = bundle(figure.name, root)
            if not module.exists() or module.read_text(encoding="utf-8") != text:
                write_text(module, text)
                print(f"chapters/{figure.module} is new")
            if key_of(still) != key(figure):
                write_bytes(still, picture(figure))
                print(f"chapters/{figure.still} is new, {still.stat().st_size / 1000:.0f} kB")
    except BookError as error:
        print(f"figures: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
