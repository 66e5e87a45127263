"""Judgement of a data set by taggers none of which was trained on the sentences it judges."""

import contextlib
import dataclasses
import os
from collections.abc import Iterator, Sequence

from albert.errors import UserError
from ner.data import formats
from ner.data.dealing import deal
from ner.data.examples import Example
from ner.training.settings import TrainingRun


def judge_by_folds(run: TrainingRun, examples: Sequence[Example], folds: int) -> Iterator[tuple[list[Example], list]]:
    """Train ``folds`` taggers, each on all folds but one, and let each judge the one it has not seen.

    Sentences with the same text, and those of one document, are in one fold. Each tagger is in a directory of its own below
    ``run.output_dir``; what is trained already is not trained again.

    Args:
      run: settings of the training; its data and output directory say where the folds go.
      examples: the sentences, whose tags are ``BIO``.
      folds: at least 2.

    Yields:
      The sentences of a fold, and the :class:`ner.tagging.posteriors.TextPosterior` of each, asked about its entities.

    Raises:
      UserError: there are fewer different texts than folds, or a training run was interrupted.
    """
    parts = deal(examples, [1.0] * folds, run.training.seed)
    if not all(parts):
        raise UserError(f"found too few different sentences for {folds} folds, expected one in each at least")
    for number, part in enumerate(parts):
        directory = os.path.join(run.output_dir, f"fold-{number + 1}-of-{folds}")
        data_dir = os.path.join(directory, "data")
        os.makedirs(data_dir, exist_ok=True)
        rest = [example for other in parts[:number] + parts[number + 1 :] for example in other]
        # Written again each time: a run that was made from other sentences is then refused.
        formats.find_format("columns").write(rest, os.path.join(data_dir, "train.txt"))
        own = dataclasses.replace(run, output_dir=os.path.join(directory, "tagger"), data=dataclasses.replace(run.data, data_dir=data_dir))
        yield part, _judge(own, part)


def _judge(run, examples):
    from albert.keras import keras  # noqa: PLC0415 - imports TensorFlow
    from ner.tagging.posteriors import Posteriors  # noqa: PLC0415
    from ner.tagging.tagger import Tagger  # noqa: PLC0415
    from ner.training.run import train  # noqa: PLC0415

    if train(run):
        raise UserError(f"{run.output_dir}: training was interrupted; the same command goes on")
    with contextlib.ExitStack() as stack:
        stack.callback(keras.backend.clear_session)
        how = run.prediction
        tagger = Tagger.load(run.output_dir, how.eval_batch_size, decoding=how.decoding, runtime="tensorflow")
        return list(Posteriors(tagger).read([example.text for example in examples], [example.spans() for example in examples]))
