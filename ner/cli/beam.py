"""Bulk tagging on Apache Beam: ``python -m ner.beam --input=PATTERN --output=PREFIX --model=BASE --runner=…`` (extra ``beam``).

Each line of the input files is one text. It becomes one JSON object, ``{"text": …, "entities": […]}``, in files
``PREFIX-00000-of-…``; their order is not that of the input. A line that cannot be tagged goes to ``PREFIX.dead-letter-…`` as
``{"line": …, "error": …}`` instead, so that one bad line does not stop a job: a line that is not UTF-8 in base64, of one that is too long
the first 1,000 bytes. Every line ends up in exactly one of the two, once: what a failed worker had done is done again.

The exported model is loaded once per worker process, and lines are tagged in batches of similar length.
Flags that are not of this module go to Beam: ``--runner``, ``--direct_num_workers`` and so on.
"""

import argparse
import base64
import json
import sys

from albert.errors import UserError
from ner.export.versions import version_directory

try:
    import apache_beam as beam
    from apache_beam.coders import BytesCoder
    from apache_beam.options.pipeline_options import PipelineOptions, SetupOptions
    from apache_beam.utils.shared import Shared
except ImportError as e:
    if __name__ != "__main__":
        raise
    sys.exit(f"error: ner.beam: {e}; expected apache-beam, as the extra named beam has it: pip install -e .[beam]")

DEAD_LETTER = "dead_letter"
# Lengths up to which texts share a batch; padding then wastes at most half of the work.
_LENGTH_BUCKETS = (16, 32, 64, 128, 256, 1024, 8192)
_MAX_BATCH_CHARACTERS = 1 << 16
# Bytes of a line that is too long which its dead letter keeps.
_MAX_LETTER_BYTES = 1000


class Tag(beam.DoFn):
    """Lines (bytes) to JSON objects (strings), in batches by length; lines that cannot be tagged to the output ``DEAD_LETTER``.

    Args:
      model: path of an exported model, which every worker can read.
      batch_size: most lines in a batch.
      max_line_length: bytes of the longest line that is tagged.
    """

    def __init__(self, model, batch_size=64, max_line_length=1 << 20):
        self._model, self._batch_size, self._max_line_length = model, batch_size, max_line_length
        self._shared = Shared()
        self._predictor, self._batches = None, {}

    def setup(self):
        """Load the model, unless another instance in this process has."""
        self._predictor = self._shared.acquire(self._load, tag=self._model)

    def _load(self):
        # TensorFlow is only needed, and slow to import, on the workers.
        from ner.tagging.opening import load_exported  # noqa: PLC0415

        return load_exported(self._model, self._batch_size)

    def start_bundle(self):
        """Forget what a failed bundle left."""
        self._batches = {}

    def process(self, line, window=beam.DoFn.WindowParam, timestamp=beam.DoFn.TimestampParam):
        """Tag the batch that a line fills up."""
        try:
            text = self._read(line)
        except ValueError as e:
            not_utf8 = isinstance(e, UnicodeDecodeError)
            kept = base64.b64encode(line).decode() if not_utf8 else line[:_MAX_LETTER_BYTES].decode("utf-8", "replace")
            yield beam.pvalue.TaggedOutput(DEAD_LETTER, json.dumps({"line": kept, "error": str(e)}, ensure_ascii=False))
            return
        bucket = sum(len(text) > limit for limit in _LENGTH_BUCKETS)
        batch = self._batches.setdefault((bucket, window), [])
        batch.append((text, timestamp))
        if len(batch) >= self._batch_size or sum(len(text) for text, _ in batch) >= _MAX_BATCH_CHARACTERS:
            del self._batches[bucket, window]
            for record, _ in self._tag(batch):
                yield record

    def finish_bundle(self):
        """Tag what is left."""
        for (_, window), batch in self._batches.items():
            for record, timestamp in self._tag(batch):
                yield beam.utils.windowed_value.WindowedValue(record, timestamp, [window])
        self._batches = {}

    def _read(self, line):
        if len(line) > self._max_line_length:
            raise ValueError(f"found a line of {len(line)} bytes, expected at most {self._max_line_length}")
        return line.decode("utf-8").removesuffix("\r")

    def _tag(self, batch):
        for (text, timestamp), entities in zip(batch, self._predictor.entities([text for text, _ in batch])):
            record = {"text": text, "entities": [entity.to_dict() for entity in entities]}
            yield json.dumps(record, ensure_ascii=False), timestamp


def build(pipeline, settings):
    """Add reading, tagging and writing to a pipeline; ``settings`` are the parsed flags.

    Raises:
      UserError: there is no input.
    """
    try:
        source = beam.io.ReadFromText(settings.input, coder=BytesCoder())
    except (OSError, ValueError) as e:  # ValueError: Beam knows no such file system
        raise UserError(f"--input: found no files {settings.input}, expected files of texts: {e}") from e
    lines = pipeline | "Read" >> source
    # A worker may have few large files; and what comes after can be done again without reading again.
    tagged = (
        lines
        | "Redistribute" >> beam.Reshuffle()
        | "Tag" >> beam.ParDo(Tag(settings.model, settings.batch_size, settings.max_line_length)).with_outputs(DEAD_LETTER, main="tagged")
    )
    _ = tagged.tagged | "Write" >> beam.io.WriteToText(settings.output, file_name_suffix=".jsonl")
    _ = tagged[DEAD_LETTER] | "WriteDeadLetter" >> beam.io.WriteToText(f"{settings.output}.dead-letter", file_name_suffix=".jsonl")


def _at_least_1(value):
    if not value.isdecimal() or int(value) < 1:
        raise argparse.ArgumentTypeError(f"found {value!r}, expected a whole number of at least 1")
    return int(value)


def main(argv=None):
    """Run the pipeline until it is done.

    Raises:
      UserError: there is no exported model, or no input.
    """
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0], allow_abbrev=False)
    parser.add_argument("--input", required=True, help="Files of texts, one a line: a path or pattern on any file system Beam knows.")
    parser.add_argument("--output", required=True, help="Beginning of the names of the output files.")
    parser.add_argument("--model", required=True, help="An exported model, at a path that every worker can read.")
    parser.add_argument("--batch_size", type=_at_least_1, default=64, help="Lines tagged at a time.")
    parser.add_argument(
        "--max_line_length", type=_at_least_1, default=1 << 20, help="Bytes of a line beyond which it goes to the dead letters."
    )
    settings, beam_flags = parser.parse_known_args(argv)
    # One version for the whole job, whatever is exported meanwhile.
    settings.model = version_directory(settings.model)
    options = PipelineOptions(beam_flags)
    # DoFns go to the workers as they are, this module's globals with them.
    options.view_as(SetupOptions).save_main_session = False
    with beam.Pipeline(options=options) as pipeline:
        build(pipeline, settings)


if __name__ == "__main__":
    # Under its own name, not __main__: workers import the classes from there.
    from ner.cli.beam import main as run

    try:
        run()
    except UserError as error:
        sys.exit(f"error: {error}")
