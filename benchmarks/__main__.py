"""``python -m benchmarks [--quick] [SUBJECT ...]``: time the library beside its peers.

Outputs are compared before anything is timed; a disagreement stops the run. Everything is done in one
thread, where a subject does not say otherwise. A full run writes benchmarks/RESULTS.md; a run of some
subjects replaces their sections of it, each with a header of its own; a quick run writes nothing.
"""

import argparse
import os
import re
import sys
from pathlib import Path

import torch

from benchmarks import laws, mixtures, networks, samplers
from benchmarks.measure import load_average, surroundings

SUBJECTS = {"samplers": samplers, "mixtures": mixtures, "laws": laws, "networks": networks}
RESULTS = Path(__file__).with_name("RESULTS.md")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__.split("\n")[0])
    parser.add_argument("subjects", nargs="*", metavar="SUBJECT", help=", ".join(SUBJECTS))
    parser.add_argument("--quick", action="store_true", help="3 repetitions instead of 25")
    args = parser.parse_args()
    unknown = set(args.subjects) - SUBJECTS.keys()
    if unknown:
        parser.error(f"unknown subject {', '.join(sorted(unknown))}; choose from {', '.join(SUBJECTS)}")

    torch.set_num_threads(1)
    parts = ["# Benchmarks", "Made by `make bench`; do not edit.", surroundings()]
    for name in args.subjects or SUBJECTS:
        subject = SUBJECTS[name]
        try:
            measured = subject.run(3 if args.quick else 25)
        except ValueError as error:
            print(f"benchmarks: {name}: {error}", file=sys.stderr)
            return 1
        parts += [f"## {name.capitalize()}", subject.__doc__.strip(), measured]
        print("\n".join(["", *parts[-3:]]), flush=True)
    parts[2] += f"; after it: {load_average()}"
    if not args.quick:
        text = "\n\n".join(parts) + "\n"
        if args.subjects:
            text = RESULTS.read_text()
            for i in range(len(args.subjects)):
                heading, about, measured = parts[3 + 3 * i : 6 + 3 * i]
                text = replaced(text, heading, "\n\n".join([heading, about, parts[2], measured]))
        new = RESULTS.with_suffix(".new")
        new.write_text(text)
        os.replace(new, RESULTS)
        print(f"\nwritten to {RESULTS}")
    return 0


def replaced(text: str, heading: str, section: str) -> str:
    """The file with the section of that heading exchanged, or added at the end."""
    parts = [part.strip() for part in re.split(r"^(?=## )", text, flags=re.MULTILINE)]
    old = [i for i, part in enumerate(parts) if part.split("\n")[0] == heading]
    if old:
        parts[old[0]] = section
    else:
        parts.append(section)
    return "\n\n".join(parts) + "\n"


if __name__ == "__main__":
    sys.exit(main())
