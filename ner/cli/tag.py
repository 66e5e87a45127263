"""--do_predict and ``albert-ner tag``: tag the texts of files or of standard input, as they come."""

import contextlib
import io
import os
import sys

from tqdm import tqdm

from albert.errors import UserError
from albert.files import atomic_write
from ner.cli.common import decoding_options, model_dir
from ner.errors import DataError
from ner.tagging.tagger import Tagger
from ner.tagging.text_input import find_files, parse_line, read_chunks, total_bytes
from ner.tagging.writers import find_writer
from ner.tagging.writers.base import WriterOptions


def predict(flags, files=None):
    """Tag every line, in order.

    A line that cannot be read is reported on standard error and left out, and so is one of several files; the rest is tagged all the
    same.

    Args:
      flags: the parsed flags.
      files: names and glob patterns; by default those of --input_file.

    Raises:
      UserError: the model, the lexicon or the only file cannot be used; or, when all is done, something had to be left out.
    """
    paths = find_files(files or flags.input_file)
    _check_output(flags.output_file)
    make_writer = find_writer(flags.output_format)
    if make_writer.adds_field and flags.text_field == flags.entities_field:
        raise UserError(f"--entities_field: found {flags.entities_field!r}, the field of the text (--text_field), expected another")
    directory = model_dir(flags)
    tagger = Tagger.load(directory.path, flags.eval_batch_size, lexicon=flags.lexicon, decoding=decoding_options(flags))
    total = total_bytes(paths)
    # None lets tqdm decide by whether standard error is a terminal.
    hidden = None if flags.progress is None else not flags.progress
    bar = tqdm(total=total, desc="tagging", unit="B", unit_scale=True, file=sys.stderr, disable=hidden, dynamic_ncols=True)
    with _open_output(flags.output_file) as out, bar:
        writer = make_writer(out, WriterOptions(tuple(tagger.labels), flags.entities_field))
        job = _Tagging(tagger, writer, flags.text_field, flags.entities_field if writer.adds_field else None, bar)
        writer.start()
        for path in paths:
            try:
                for lines in read_chunks(path):
                    job.tag(lines)
                    out.flush()
            except DataError as e:
                if len(paths) == 1:
                    raise
                job.leave_out_file(e)
        writer.finish()
    if job.left_out:
        raise UserError(f"{job.left_out} left out for the reasons above; the others were tagged")


class _Tagging:
    """Lines in, tagged texts out, and what had to be left out."""

    def __init__(self, tagger, writer, text_field, new_field, bar):
        self._tagger, self._writer, self._bar = tagger, writer, bar
        self._fields = text_field, new_field
        self._num_lines = self._bad_lines = self._bad_files = 0

    def tag(self, lines):
        """Tag some lines."""
        items = list(self._parse(lines))
        pieces = self._tagger.stream(item.text for item in items)
        for item in items:
            self._writer.begin(item)
            for piece in pieces:
                self._writer.piece(item.text, piece)
                # A long text moves the bar on as it is tagged; rounded so that all its pieces together are its bytes.
                done = piece.start, piece.start + len(piece.tags)
                before, after = (item.num_bytes * position // max(len(item.text), 1) for position in done)
                self._bar.update(after - before if item.text else item.num_bytes)
                if piece.last:
                    break
            self._writer.end()

    def _parse(self, lines):
        for line in lines:
            self._num_lines += 1
            try:
                yield parse_line(line, *self._fields)
            except DataError as e:
                self._bad_lines += 1
                self._report(e)
                self._bar.update(len(line.data) + 1)

    def leave_out_file(self, error):
        """Report a file that cannot be read, or not to its end."""
        self._bad_files += 1
        self._report(error)

    @property
    def left_out(self):
        """What was left out, in words; empty for nothing."""
        files = f"{self._bad_files:,} file{'s' * (self._bad_files > 1)}" if self._bad_files else ""
        lines = f"{self._bad_lines:,} of {self._num_lines:,} lines" if self._bad_lines else ""
        verb = " was" if self._bad_files == 1 and not lines else " were"
        return " and ".join(filter(None, (files, lines))) + verb if files or lines else ""

    def _report(self, error):
        self._bar.write(f"error: {error}", file=sys.stderr)


def _check_output(path):
    if path != "-" and os.path.exists(path):
        raise UserError(f"--output_file: {path} exists and is not overwritten; choose another name")


@contextlib.contextmanager
def _open_output(path):
    """A new file, or standard output for ``-``; UTF-8 with LF line ends whatever the locale says."""
    if path == "-":
        if sys.stdout is None:
            raise UserError("standard output: found it closed, expected it open, or --output_file")
        out = io.TextIOWrapper(sys.stdout.buffer, encoding="utf-8", newline="\n")
        try:
            yield out
            out.flush()
        except BrokenPipeError:
            raise
        except OSError as e:
            raise UserError(f"standard output: cannot write: {e.strerror}") from e
        finally:
            # Without this, closing the wrapper would close standard output.
            out.detach()
        return
    try:
        with atomic_write(path) as f:
            yield f
    except OSError as e:
        raise UserError(f"--output_file: cannot write {path}: {e.strerror}") from e
