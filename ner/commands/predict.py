"""--do_predict: tag the lines of a file or of standard input."""

import contextlib
import io
import itertools
import json
import os
import sys

from albert.errors import UserError
from albert.files import atomic_write
from ner.commands.common import model_dir
from ner.tagger import Tagger

# Lines tagged at a time: enough to batch by length, few enough to stay in memory.
_CHUNK = 1024


def predict(flags):
    """One JSON object per input line, in order: the text and its entities."""
    tagger = Tagger.load(model_dir(flags).path, flags.eval_batch_size, flags.constrained_decoding)
    with _open_input(flags.input_file) as lines, _open_output(flags.output_file) as out:
        for texts in _chunks(lines, _CHUNK):
            for text, entities in zip(texts, tagger.tag_batch(texts)):
                record = {"text": text, "entities": [entity.to_dict() for entity in entities]}
                out.write(json.dumps(record, ensure_ascii=False) + "\n")
            out.flush()


@contextlib.contextmanager
def _open_input(path):
    """Lines of a file, or of standard input for ``-``, as UTF-8."""
    if path == "-":
        yield io.TextIOWrapper(sys.stdin.buffer, encoding="utf-8-sig", newline="\n")
        return
    try:
        with open(path, encoding="utf-8-sig", newline="\n") as f:
            yield f
    except OSError as e:
        raise UserError(f"--input_file: cannot read {path}: {e.strerror}") from e


@contextlib.contextmanager
def _open_output(path):
    """A new file, or standard output for ``-``."""
    if path == "-":
        yield sys.stdout
        return
    if os.path.exists(path):
        raise UserError(f"--output_file: {path} exists and is not overwritten; choose another name")
    try:
        with atomic_write(path) as f:
            yield f
    except OSError as e:
        raise UserError(f"--output_file: cannot write {path}: {e.strerror}") from e


def _chunks(lines, size):
    """Lists of up to ``size`` lines without their line ends."""
    lines = iter(lines)
    while True:
        chunk = [line.rstrip("\r\n") for line in itertools.islice(lines, size)]
        if not chunk:
            return
        yield chunk
