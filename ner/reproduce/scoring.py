"""Scores of a trained system on the test set."""

import functools
import time

import tensorflow as tf

from albert.keras import keras
from ner.data.readers import read_split
from ner.evaluation.scores import evaluate
from ner.model import run_record
from ner.model.directory import ModelDir
from ner.reproduce.nested import count_outcomes, place_names
from ner.reproduce.places import agreement, count_places, gold_places
from ner.tagging.tagger import Tagger
from ner.tags import spans_from_tags
from ner.training.history import History

# Sentences tagged before the clock starts: the graph is built with the first.
_WARM_UP = 128


def score_run(path, data_dir, batch_size=128):
    """Tag the test set with a finished run's model.

    Args:
      path: the run's output directory.
      data_dir: directory with the train and test splits.
      batch_size: sentences per batch.

    Returns:
      JSON-ready dict: ``evaluation`` (``Evaluation.to_dict``), ``sentences`` (for ``strict`` and ``conlleval``, [N, 3] correct,
      predicted and gold entities of each), ``organisations`` (``nested.count_outcomes``), ``places`` (``places.count_places``),
      ``identity`` of the run's record, ``history`` (step and loss of each epoch), ``parameters``, ``train_seconds``, ``train_steps``,
      ``epochs``, ``sentences_per_second`` in tagging, ``weights`` (what the encoder started from), ``precision`` of training, and
      ``session`` (flags, versions and hardware).
    """
    # Every system has graphs of its own, which TensorFlow takes for one graph that is traced again and again, and warns.
    tf.get_logger().setLevel("ERROR")
    directory = ModelDir(path)
    record = run_record.read(directory)
    identity = record["identity"]
    tagger = Tagger.load(path, batch_size, identity["constrained_decoding"], runtime="tensorflow")
    scheme = tagger.tag_set.scheme
    test = read_split(data_dir, "test", types=tagger.labels).examples
    texts = [example.text for example in test]
    tagger.tags(texts[:_WARM_UP])
    started = time.perf_counter()
    predicted = tagger.tags(texts)
    seconds = time.perf_counter() - started
    spans = [spans_from_tags(tags, scheme) for tags in predicted]
    openings, agreements = _training_set(data_dir, scheme)
    result = {
        "evaluation": evaluate([example.tags for example in test], predicted, scheme).to_dict(),
        "sentences": {
            reading: [
                _count(example.spans(scheme, strict), spans_from_tags(tags, scheme, strict)) for example, tags in zip(test, predicted)
            ]
            for reading, strict in (("strict", True), ("conlleval", False))
        },
        "organisations": count_outcomes(test, spans, openings, scheme),
        "places": count_places(gold_places(test, scheme), spans, agreements),
        "identity": identity,
        "history": [{"step": row["step"], "loss": row["loss"]} for row in _history(directory)],
        "parameters": directory.count_weights(),
        "train_seconds": record["result"]["seconds"],
        "train_steps": record["result"]["steps"],
        "epochs": record["result"]["epochs"],
        "sentences_per_second": len(texts) / seconds,
        "weights": describe_weights(identity),
        "precision": identity["mixed_precision"],
        "session": record["sessions"][-1],
    }
    keras.backend.clear_session()
    return result


@functools.lru_cache(maxsize=1)
def _training_set(data_dir, scheme):
    """(names that are annotated as places, agreement of the training set on the places of the test set), the same for every system."""
    train = read_split(data_dir, "train").examples
    names = {name for _, _, name in gold_places(read_split(data_dir, "test").examples, scheme)}
    return place_names(train, scheme), agreement(train, scheme, names)


def _count(gold, predicted):
    return [len({*gold} & {*predicted}), len(predicted), len(gold)]


def _history(directory):
    history = History(directory)
    history.read(float("inf"))
    return history.rows


def describe_weights(identity):
    """Description of the weights that training started from, by the ``identity`` of a run's record."""
    encoder = identity["model"]["encoder"]
    if identity.get("init_checkpoint"):
        return f"encoder: {identity['init_checkpoint']}; all else random"
    if "num_hidden_layers" in encoder:
        return f"random, nothing pretrained: an encoder of {encoder['num_hidden_layers']} layers of width {encoder['hidden_size']}"
    pretrained = [name.replace("_", " ") for name in ("char_vectors", "word_vectors") if name in identity]
    if pretrained:
        return f"pretrained {' and '.join(pretrained)}; all else random"
    return f"random, nothing pretrained: character vectors of width {encoder['hidden_size']}"
