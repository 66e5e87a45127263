"""Quantities that must not grow with the amount of data: the number of traced graphs, and memory."""

import collections
import os

import numpy as np
import pytest
import tensorflow as tf

from albert.optimization import AdamWeightDecay, WarmupPolynomialDecay
from ner.training.groups import tagger_groups
from ner.training.settings import TrainingSettings
from ner.training.step import TrainStep
from tests.ner.tiny import CHARACTERS, tiny_model, tiny_predictor

STATM = "/proc/self/statm"
needs_proc = pytest.mark.skipif(not os.path.exists(STATM), reason="no /proc")


def resident_bytes():
    with open(STATM, encoding="ascii") as f:
        return int(f.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def texts(count, seed):
    """Texts of 0 to 60 characters; the model's window is shorter."""
    random = np.random.default_rng(seed)
    return ["".join(random.choice(list(CHARACTERS), length)) for length in random.integers(0, 61, count)]


def train_steps(seed=3):
    """Function that does one optimizer step on a batch of the given size and width, and the ``tf.function``s behind it."""
    settings = TrainingSettings()
    model = tiny_model(vocab_size=61)
    # Toy widths do not repay compiling, but what compiling costs in traces and memory is what is tested.
    model.encoder.clusters = True
    groups = tagger_groups(model, settings)
    optimizer = AdamWeightDecay(groups, WarmupPolynomialDecay(groups, 1000, 10), settings.weight_decay)
    spec = {
        "input_word_ids": tf.TensorSpec([1, None, None], tf.int32),
        "lengths": tf.TensorSpec([1, None], tf.int32),
        "tag_ids": tf.TensorSpec([1, None, None], tf.int32),
        "part": tf.TensorSpec([1], tf.int32),
        "sentences": tf.TensorSpec([1], tf.float32),
        "seed": tf.TensorSpec([1, 2], tf.int32),
    }
    step = TrainStep(model, optimizer, groups, settings, tf.distribute.get_strategy(), spec)
    random = np.random.default_rng(seed)

    def run(number, batch, width):
        inputs = {
            "input_word_ids": random.integers(5, 61, (1, batch, width + 2)),
            "lengths": random.integers(0, width + 1, (1, batch)),
            "tag_ids": random.integers(0, 7, (1, batch, width)),
            "part": np.zeros(1),
            "sentences": np.full(1, batch),
            "seed": np.array([[1, number]]),
        }
        return step({name: tf.constant(value, spec[name].dtype) for name, value in inputs.items()}, number)

    return run, list(vars(step)["_functions"].values())


@pytest.mark.parametrize("frozen", [False, True])
def test_tagging_traces_once(tmp_path, frozen):
    predictor = tiny_predictor(tmp_path, batch_size=7, frozen=frozen)
    functions = [predictor._emissions, *predictor._functions.values()]
    for seed in range(3):
        list(predictor.predict(texts(50, seed)))
        predictor.tags(texts(50, seed))
        assert max(f.experimental_get_tracing_count() for f in functions) == 1


def test_training_traces_once():
    run, functions = train_steps()
    for number, (batch, width) in enumerate([(5, 6), (3, 14), (5, 6)]):
        assert np.isfinite(run(number, batch, width)).all()
    assert sum(f.experimental_get_tracing_count() for f in functions) == 1


def test_a_step_is_one_graph_that_stays_on_its_device():
    """No Python in it, and nothing that is bound to the host: on a GPU all of it can run there."""
    _, functions = train_steps()
    graph = functions[0].get_concrete_function().graph.as_graph_def()
    nodes = [*graph.node, *(node for f in graph.library.function for node in f.node_def)]
    assert len(nodes) > 500
    assert {node.op for node in nodes if "PyFunc" in node.op or "Callback" in node.op} == set()
    assert {node.device for node in nodes if "CPU" in node.device} == set()


@needs_proc
def test_tagging_does_not_grow(tmp_path):
    predictor = tiny_predictor(tmp_path)
    batch = texts(500, 1)
    for _ in range(2):
        list(predictor.predict(batch))
    before = resident_bytes()
    for _ in range(10):
        list(predictor.predict(batch))
    # 5,000 texts: a leak of 2 kB for each of them would show.
    assert resident_bytes() - before < 10e6


def test_batches_of_tagging_have_few_shapes(tmp_path):
    """oneDNN keeps compiled kernels for each shape it has met."""
    predictor = tiny_predictor(tmp_path, batch_size=20)
    shapes = collections.Counter()
    run = predictor._emissions
    predictor._emissions = lambda inputs: shapes.update([inputs["input_word_ids"].shape]) or run(inputs)
    for count in range(1, 101):
        list(predictor.predict(texts(count, count)))
    assert sum(shapes.values()) > 200
    assert {rows for rows, _ in shapes} == {1, 8, 16}
    assert {columns for _, columns in shapes} <= {*range(4, 29, 4), 29}


@needs_proc
def test_tagging_groups_of_any_number_does_not_grow(tmp_path):
    predictor = tiny_predictor(tmp_path, max_seq_length=24)

    def tag_groups(numbers):
        for i in numbers:
            list(predictor.predict(texts(1 + 37 * i % 64, i)))

    tag_groups(range(40))
    before = resident_bytes()
    tag_groups(range(40, 128))
    # With a shape for every number of texts this was 30 MB on a processor with AVX-512.
    assert resident_bytes() - before < 12e6


@needs_proc
def test_a_long_text_is_not_held(tmp_path):
    predictor = tiny_predictor(tmp_path)
    text = "".join(np.random.default_rng(1).choice(list(CHARACTERS), 100_000))
    for _ in predictor.pieces([text[:30_000]]):
        pass
    before = resident_bytes()
    for _ in predictor.pieces([text]):
        # One group of windows at a time: all tags and entities of this text are 20 MB.
        assert resident_bytes() - before < 8e6


@needs_proc
def test_training_does_not_grow():
    run, _ = train_steps()
    shapes = [(5, 6), (3, 22)]
    for number in range(30):
        run(number, *shapes[number % 2])
    before = resident_bytes()
    for number in range(30, 330):
        run(number, *shapes[number % 2])
    # 300 steps: a leak of 40 kB for each of them would show, less than one batch's activations.
    assert resident_bytes() - before < 12e6
