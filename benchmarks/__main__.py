"""``python -m benchmarks [--quick] [SUBJECT ...]``: time the library beside its peers.

Outputs are compared before anything is timed; a disagreement stops the run. Everything is done in one
thread. A full run of all subjects writes benchmarks/RESULTS.md.
"""

import argparse
import os
import sys
from pathlib import Path

import torch

from benchmarks import laws, mixtures, samplers
from benchmarks.measure import load_average, surroundings

SUBJECTS = {"samplers": samplers, "mixtures": mixtures, "laws": laws}
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
    if not args.quick and not args.subjects:
        new = RESULTS.with_suffix(".new")
        new.write_text("\n\n".join(parts) + "\n")
        os.replace(new, RESULTS)
        print(f"\nwritten to {RESULTS}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
