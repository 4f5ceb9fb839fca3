"""``python -m guidelib.evaluate NAME``: measure an experiment on trained networks of several seeds."""

import argparse
import sys

from guidelib.experiments import find, names
from guidelib.results import measure


def main(argv=None) -> int:
    """The command; returns the exit status. Whatever is wrong is said in one line on stderr."""
    about = "Measure an experiment on trained networks of several seeds."
    parser = argparse.ArgumentParser(prog="python -m guidelib.evaluate", description=about)
    parser.add_argument("name", nargs="?", help="an experiment")
    parser.add_argument("--list", action="store_true", help="show the experiments")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0], help="of the networks; default: 0")
    parser.add_argument("--weights", default=".", help="folder with RECIPE-sS.safetensors for seeds above 0")
    parser.add_argument("--out", help="folder for the table; default: data/results")
    options = parser.parse_args(argv)
    if options.list:
        for name in names():
            print(f"{name:20}{find(name).__doc__.splitlines()[0]}")
        return 0
    if options.name is None:
        parser.error("name an experiment, or give --list")
    try:
        path = measure(options.name, find(options.name), options.seeds, options.weights, options.out)
    except (ValueError, OSError) as error:
        print(f"guidelib.evaluate: {error}", file=sys.stderr)
        return 1
    print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
