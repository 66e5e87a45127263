"""Choose silver sentences of several files for one training run.

::

    python tools/mix_silver.py --output=silver.jsonl silver/headlines.jsonl=63000 silver/reviews.jsonl=20000 silver/news.jsonl

Of each file that many lines are taken at random, or all; the choice is the same each time.
"""

import argparse
import os
import random


def choose(path, count):
    """``count`` lines of a file, at random but the same each time; all where ``count`` is None or there are no more."""
    with open(path, encoding="utf-8") as f:
        lines = [line for line in f if line.endswith("\n")]
    if count is None or count >= len(lines):
        return lines
    return random.Random(os.path.basename(path)).sample(lines, count)


def main():
    """The command; see the module."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("files", nargs="+", metavar="FILE[=COUNT]")
    parser.add_argument("--output", required=True)
    options = parser.parse_args()
    mixed = []
    for argument in options.files:
        path, _, count = argument.partition("=")
        chosen = choose(path, int(count) if count else None)
        print(f"{path}: {len(chosen):,} lines")
        mixed += chosen
    random.Random(len(mixed)).shuffle(mixed)
    with open(options.output + ".part", "w", encoding="utf-8") as f:
        f.writelines(mixed)
    os.replace(options.output + ".part", options.output)
    print(f"{options.output}: {len(mixed):,} lines")


if __name__ == "__main__":
    main()
