"""Finds named entities in the lines of files (names or patterns such as 'data/*.txt'), or of standard input, as they come.

    albert-ner tag reports/*.txt > entities.jsonl
    echo 江苏省委书记到上海交通大学看望李明教授。 | albert-ner tag --output_format=inline
    albert-ner tag --output_format=csv --output_file=entities.csv reports/*.txt
    albert-ner tag

The last asks for texts and shows their entities in colour.

The tagger is that of --model_dir, a training output directory. Without it, it is the one that the environment variable ALBERT_NER_MODEL
names; without that too, the one that comes with the package: persons, places and organisations in simplified Chinese.
"""

import contextlib
import dataclasses
import io
import os
import sys
from typing import Optional

from albert.errors import FieldError, UserError
from albert.fields import check_fields, same_setting, setting
from albert.files import atomic_write
from albert.messages import complain
from ner.display import ansi
from ner.display.progress import make_progress
from ner.errors import DataError
from ner.model.directory import find_model
from ner.tagging import writers
from ner.tagging.settings import ModelSettings, ProgressSettings, TaggingSettings
from ner.tagging.text_input import find_files, parse_line, read_chunks, total_bytes
from ner.tagging.writers.base import OFFSETS, WriterOptions

HELP = "find the entities in texts"


@dataclasses.dataclass(frozen=True)
class TagCommand:
    """Settings of tagging: the texts, the tagger and the output."""

    input_file: tuple = setting(
        ("-",), "Text to tag, one text a line: names or glob patterns, separated by commas; - is standard input.", arguments="[FILE…]"
    )
    model: ModelSettings = ModelSettings()
    tagging: TaggingSettings = TaggingSettings()
    output_file: str = setting("-", "Where the result goes; - writes to standard output. An existing file is not overwritten.")
    output_format: Optional[str] = setting(
        None,
        f"{writers.describe()} By default ansi in a terminal, else jsonl.",
        choices=lambda: tuple(writers.WRITERS),
    )
    offsets: str = setting(
        "code_points",
        "Unit of the offsets in jsonl, csv and tsv: Unicode code points, or UTF-16 units as in JavaScript and Java.",
        choices=OFFSETS,
    )
    text_field: Optional[str] = setting(
        None, "Read JSON lines, with the text in this field; jsonl output keeps all other fields. By default text."
    )
    entities_field: str = setting("entities", "The field jsonl output writes the entities to.")
    progress: Optional[bool] = same_setting(ProgressSettings, "progress")

    def __post_init__(self):
        check_fields(self)
        if self.output_format is None:
            is_shown = self.output_file == "-" and ansi.takes_colours(sys.stdout)
            object.__setattr__(self, "output_format", "ansi" if is_shown else "jsonl")
        if writers.find_writer(self.output_format).adds_field and self.text_field == self.entities_field:
            raise FieldError("{entities_field}: found {!r}, the field of the text ({text_field}), expected another", self.entities_field)


SETTINGS = TagCommand


def run(settings: TagCommand) -> None:
    """Tag every line, in order.

    A line that cannot be read is reported on standard error and left out, and so is one of several files; the rest is tagged all the
    same.

    Raises:
      UserError: the model, the lexicon or the only file cannot be used; or, when all is done, something had to be left out.
    """
    paths = find_files(settings.input_file)
    _check_output(settings.output_file)
    path = find_model(settings.model.path, settings.model.fetching.offline or None)
    from ner.tagging.tagger import Tagger  # noqa: PLC0415 - may import TensorFlow

    how = settings.tagging
    tagger = Tagger.load(
        path, how.eval_batch_size, lexicon=how.lexicon, decoding=how.decoding, runtime=how.runtime, precision=how.precision
    )
    total = total_bytes(paths)
    # Never a bar in the middle of what is written.
    is_shown = settings.output_file == "-" and ansi.is_terminal(sys.stdout)
    bar = make_progress(total, "tagging", "B", False if is_shown and settings.progress is None else settings.progress)
    with _open_output(settings.output_file) as out, bar:
        make_writer = writers.find_writer(settings.output_format)
        writer = make_writer(out, WriterOptions(tuple(tagger.labels), settings.entities_field, settings.offsets))
        job = _Tagging(tagger, writer, settings.text_field, settings.entities_field if writer.adds_field else None, bar)
        writer.start()
        for path in paths:
            out.flush()
            prompt = _Prompt(path)
            prompt.ask()
            try:
                for lines in read_chunks(path):
                    job.tag(lines)
                    out.flush()
                    prompt.ask()
            except DataError as e:
                if len(paths) == 1:
                    raise
                job.leave_out_file(e)
        writer.finish()
    if job.left_out:
        raise UserError(f"{job.left_out} left out for the reasons above; the others were tagged")


class _Prompt:
    """Asks for texts where they are typed, on standard error; nothing where they come from a file or pipe."""

    def __init__(self, path):
        self._is_typed = path == "-" and ansi.is_terminal(sys.stdin) and ansi.is_terminal(sys.stderr)
        if self._is_typed:
            complain("Type a text and press Enter; Ctrl-D on an empty line ends.")

    def ask(self):
        """Show that a text may be typed."""
        if self._is_typed:
            print("> ", end="", file=sys.stderr, flush=True)


class _Tagging:
    """Lines in, tagged texts out, and what had to be left out."""

    def __init__(self, tagger, writer, text_field, new_field, bar):
        self._tagger, self._writer, self._bar = tagger, writer, bar
        self._fields = text_field, new_field
        self._num_lines = self._bad_lines = self._bad_files = 0

    def tag(self, lines):
        """Tag some lines."""
        items = list(self._parse(lines))
        pieces = self._tagger.pieces(item.text for item in items)
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
        """Message about what was left out; empty if nothing was."""
        files = f"{self._bad_files:,} file{'s' * (self._bad_files > 1)}" if self._bad_files else ""
        lines = f"{self._bad_lines:,} of {self._num_lines:,} lines" if self._bad_lines else ""
        verb = " was" if self._bad_files == 1 and not lines else " were"
        return " and ".join(filter(None, (files, lines))) + verb if files or lines else ""

    def _report(self, error):
        with self._bar.aside():
            complain(f"error: {error}")


def _check_output(path):
    if path != "-" and os.path.exists(path):
        raise FieldError("{output_file}: {} exists and is not overwritten; choose another name", path)


@contextlib.contextmanager
def _open_output(path):
    """A new file, or standard output for ``-``; UTF-8 with LF line ends whatever the locale says."""
    if path == "-":
        if sys.stdout is None:
            raise FieldError("standard output: found it closed, expected it open, or {output_file}")
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
        raise FieldError("{output_file}: cannot write {}: {}", path, e.strerror) from e
