"""Chooses from raw texts those whose annotation would teach a tagger most, with its own entities to start from.

    albert-ner suggest --model_dir=output/mine --input_file=texts.txt --output_file=next.jsonl --limit=200
    albert-ner suggest --model_dir=output/mine --input_file=texts.txt --annotated=train.txt --output_file=next.json --limit=50

The most doubtful texts come first: those in which most entities are expected to be wrong or missing. Of texts that are nearly the same one
is taken, and none that is nearly the same as an annotated one. A share is chosen at random, so that what is measured on it is honest.
The result is imported into doccano or Label Studio. The same command goes on where it was stopped.
"""

import dataclasses
import os
import sys
from typing import Optional

from tqdm import tqdm

from albert.errors import FieldError, UserError
from albert.fields import check_fields, setting
from albert.files import atomic_write, read_json, to_json, write_json
from ner.cli.common import check_new
from ner.data.formats.label_studio import task
from ner.data.readers import read_examples
from ner.errors import DataError
from ner.model.directory import find_model
from ner.tagging.choosing import Candidate, Chooser
from ner.tagging.settings import ModelSettings, PredictionSettings
from ner.tagging.text_input import STANDARD_INPUT, find_files, parse_line, read_chunks, total_bytes

HELP = "choose the texts to annotate next"
# Texts between saves of the state: a few minutes of tagging.
_SAVE_EVERY = 20_000


@dataclasses.dataclass(frozen=True)
class SuggestCommand:
    """Settings of a choice: the texts, the tagger, how many and which texts, and the output."""

    input_file: Optional[str] = setting(None, "Texts, one a line: the name of a file or a glob pattern.")
    text_field: Optional[str] = setting(None, "Read JSON lines, with the text in this field.")
    annotated: tuple = setting((), "Labelled files whose texts are annotated already.")
    model: ModelSettings = ModelSettings()
    prediction: PredictionSettings = PredictionSettings()
    limit: int = setting(200, "Texts to choose.", at_least=1)
    random_share: float = setting(0.1, "Share of them that is chosen at random.", at_least=0, at_most=1)
    max_overlap: float = setting(0.6, "Share of common character trigrams from which on texts are near-duplicates.", above=0, at_most=1)
    seed: int = setting(42, "Decides what is chosen at random.", at_least=0)
    output_file: Optional[str] = setting(None, "Where the result goes; an existing file is not overwritten.")
    output_format: str = setting("doccano", "The tool that the result is imported into.", choices=("doccano", "label-studio"))

    def __post_init__(self):
        check_fields(self)
        for name in ("input_file", "output_file"):
            if not getattr(self, name):
                raise FieldError(f"{{{name}}}: not given, expected a file")
        if self.input_file == STANDARD_INPUT:
            raise FieldError("{input_file}: found standard input, which cannot be read again, expected a file")


SETTINGS = SuggestCommand


def run(settings: SuggestCommand) -> None:
    """Read all texts, and write those that are chosen.

    Raises:
      UserError: a setting, the tagger or an input cannot be used, or the output exists.
    """
    check_new(settings.output_file)
    paths = find_files([settings.input_file])
    annotated = [example.text for path in settings.annotated for example in read_examples(path, nested="outermost")]
    chooser = Chooser(settings.limit, settings.random_share, settings.max_overlap, settings.seed, annotated)
    model_path = find_model(settings.model.path, settings.model.fetching.offline or None)
    state = _State(settings, paths, model_path)
    done = state.restore(chooser)
    from ner.tagging.posteriors import Posteriors  # noqa: PLC0415 - imports TensorFlow
    from ner.tagging.tagger import Tagger  # noqa: PLC0415

    how = settings.prediction
    posteriors = Posteriors(Tagger.load(model_path, how.eval_batch_size, decoding=how.decoding, runtime="tensorflow"))
    left_out = read_texts(paths, settings.text_field, posteriors, chooser, state, done)
    chosen = chooser.choose()
    if not chosen:
        raise UserError(f"{settings.input_file}: found no text to choose, expected some that are not annotated")
    write(settings.output_file, settings.output_format, chosen)
    state.remove()
    at_random = sum(kind == "random" for _, kind in chosen)
    print(f"{settings.output_file}: {len(chosen):,} texts, {at_random:,} of them chosen at random")
    if left_out:
        raise UserError(f"{left_out:,} lines were left out for the reasons above; the others were read")


def read_texts(paths, text_field, posteriors, chooser, state, done=0):
    """Give all texts to the chooser; returns the number of lines left out.

    Args:
      paths: the files.
      text_field: None for plain text, else the field of JSON lines.
      posteriors: object whose ``read`` yields a ``TextPosterior`` per text.
      chooser: the :class:`Chooser`.
      state: object whose ``save`` is called now and then.
      done: lines that the chooser has had already.
    """
    number = saved = left_out = 0
    with tqdm(
        total=total_bytes(paths), desc="reading", unit="B", unit_scale=True, file=sys.stderr, disable=None, dynamic_ncols=True
    ) as bar:
        for path in paths:
            for lines in read_chunks(path):
                bar.update(sum(len(line.data) + 1 for line in lines))
                skipped = min(max(done - number, 0), len(lines))
                number += len(lines)
                texts = []
                for line in lines[skipped:]:
                    try:
                        text = parse_line(line, text_field).text.strip()
                    except DataError as e:
                        left_out += 1
                        bar.write(f"error: {e}", file=sys.stderr)
                        continue
                    if text:
                        texts.append(text)
                for text, found in zip(texts, posteriors.read(texts)):
                    chooser.add(Candidate(text, found.doubt, found.spans))
                if number - max(saved, done) >= _SAVE_EVERY:
                    state.save(number, chooser)
                    saved = number
    return left_out


def write(path, output_format, chosen):
    """Write the chosen texts for a tool: a list of (``Candidate``, how it was chosen)."""
    with atomic_write(path) as f:
        if output_format == "doccano":
            for candidate, kind in chosen:
                labels = [list(span) for span, _ in candidate.spans]
                f.write(to_json({"text": candidate.text, "label": labels, "doubt": round(candidate.doubt, 4), "chosen_by": kind}) + "\n")
        else:
            tasks = [
                task(candidate.text, candidate.spans, {"doubt": round(candidate.doubt, 4), "chosen_by": kind}, predicted=True)
                for candidate, kind in chosen
            ]
            f.write("[\n" + ",\n".join(map(to_json, tasks)) + "\n]\n")


class _State:
    """Progress through the texts so far, in a file beside the output."""

    def __init__(self, settings, paths, model_path):
        self._path = f"{settings.output_file}.state"
        weights = sorted(os.scandir(model_path), key=lambda entry: entry.name) if os.path.isdir(model_path) else []
        self._identity = {
            "inputs": [[path, os.path.getsize(path)] for path in paths],
            "annotated": [[path, os.path.getsize(path)] for path in settings.annotated],
            "model": [
                [entry.name, entry.stat().st_size, entry.stat().st_mtime] for entry in weights if entry.name.endswith(".safetensors")
            ],
            **{name: getattr(settings, name) for name in ("text_field", "limit", "random_share", "max_overlap", "seed")},
        }

    def restore(self, chooser):
        """Put what was saved into the chooser; returns the number of lines read then."""
        if not os.path.lexists(self._path):
            return 0
        values = read_json(self._path, "the state of an earlier suggest", error=DataError)
        if values.get("identity") != self._identity:
            raise DataError(
                f"{self._path}: found the state of other inputs, settings or another tagger; expected these (remove it to begin again)"
            )
        try:
            chooser.restore(values["chooser"])
            return int(values["lines"])
        except (KeyError, TypeError, ValueError) as e:
            raise DataError(f"{self._path}: found a damaged state, expected what suggest wrote (remove it to begin again)") from e

    def save(self, lines, chooser):
        """Save the state, whole."""
        write_json(self._path, {"identity": self._identity, "lines": lines, "chooser": chooser.state()})

    def remove(self):
        """Remove the file."""
        if os.path.lexists(self._path):
            os.unlink(self._path)
