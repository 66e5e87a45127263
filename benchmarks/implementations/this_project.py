"""This project, through the classes its commands use."""

import itertools

import numpy as np
import tensorflow as tf

from albert.keras import keras
from albert.optimization import AdamWeightDecay, WarmupPolynomialDecay
from albert.tokenization import CharTokenizer
from benchmarks.workloads import HEAD_DROPOUT, LSTM_UNITS, MAX_SEQ_LENGTH, SCHEME, TAG_BATCH
from ner.decoding.constraints import DecodingOptions
from ner.decoding.decoder import Decoder
from ner.model.config import TaggerConfig
from ner.model.inference import frozen_emissions_function
from ner.model.network import TaggerModel
from ner.tagging.predictor import Predictor
from ner.tags import TagSet
from ner.training.groups import tagger_groups
from ner.training.settings import TrainingSettings
from ner.training.step import TrainStep

VERSION = f"TensorFlow {tf.__version__}"


def prepare(case, side, threads):
    """See ``benchmarks.implementations``."""
    if case.precision == "bfloat16":
        keras.mixed_precision.set_global_policy("mixed_bfloat16")
    corpus = case.corpus()
    tag_set = TagSet(corpus["types"], SCHEME)
    model = TaggerModel(TaggerConfig(case.config, tag_set, MAX_SEQ_LENGTH, lstm_units=LSTM_UNITS, dropout=HEAD_DROPOUT))
    weights = case.weights()
    for name, variable in model.weight_map().items():
        variable.assign(weights[name])
    if case.task == "train":
        return _train(model, case.batch())
    if case.task == "infer":
        return _infer(model, tag_set, case.batch())
    predictor = Predictor(model, CharTokenizer(case.path("vocab.txt")), TAG_BATCH, DecodingOptions(constrained_decoding=False), frozen=True)
    texts = [corpus["sentence"]] if case.task == "latency" else corpus["texts"]

    def run():
        return list(predictor.predict(texts))

    return run, [len(prediction.spans) for prediction in run()]


def _train(model, batch):
    settings = TrainingSettings(train_batch_size=len(batch["lengths"]), num_train_epochs=1)
    groups = tagger_groups(model, settings)
    optimizer = AdamWeightDecay(groups, WarmupPolynomialDecay(groups, 1_000_000, 1000), settings.weight_decay)
    # One step's part, as ``StepFeed.parts`` makes it.
    part = {**batch, "part": np.int32(0), "sentences": np.float32(len(batch["lengths"])), "seed": np.array([1, 0], np.int32)}
    inputs = {name: tf.constant(value)[None] for name, value in part.items()}
    spec = {name: tf.TensorSpec([1, *[None] * (value.shape.rank - 1)], value.dtype) for name, value in inputs.items()}
    spec["seed"] = tf.TensorSpec([1, 2], tf.int32)
    step = TrainStep(model, optimizer, groups, settings, tf.distribute.get_strategy(), spec)
    count = itertools.count()

    def run():
        number = next(count)
        return step({**inputs, "seed": tf.constant([[1, number]])}, number).numpy()

    @tf.function
    def mean_loss():
        emissions = model({name: tf.constant(batch[name]) for name in ("input_word_ids", "lengths")}, training=False)
        return tf.reduce_mean(model.loss(emissions, batch["tag_ids"], batch["lengths"]))

    return run, float(mean_loss())


def _infer(model, tag_set, batch):
    inputs = {name: tf.constant(batch[name]) for name in ("input_word_ids", "lengths")}
    # As ``ner.Tagger`` runs a loaded model.
    network = frozen_emissions_function(model)
    signature = [tf.TensorSpec([None, None, len(tag_set)], tf.float32), tf.TensorSpec([None], tf.int32)]

    @tf.function(input_signature=signature)
    def tags(emissions, lengths):
        return Decoder(model.chain, tag_set, DecodingOptions(constrained_decoding=False)).tags(emissions, lengths)

    def run():
        return tags(network(inputs), inputs["lengths"]).numpy()

    return run, ["".join(map(str, row[:length])) for row, length in zip(run(), batch["lengths"])]
