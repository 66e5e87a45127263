"""Memory that computing layers again saves. That it changes no gradient is tested with the encoder's other gradients, in test_ops."""

import os
import pathlib
import subprocess
import sys

import pytest
import tensorflow as tf

from albert.config import AlbertConfig
from albert.encoder import AlbertEncoder

ROOT = pathlib.Path(__file__).parents[3]
CLEAR = "/proc/self/clear_refs"
BATCH, LENGTH = 16, 61
CONFIG = AlbertConfig(
    vocab_size=41,
    embedding_size=8,
    hidden_size=192,
    num_hidden_layers=24,
    num_attention_heads=3,
    intermediate_size=768,
    max_position_embeddings=LENGTH,
    hidden_dropout_prob=0.0,
    attention_probs_dropout_prob=0.0,
)


def peak_of_a_step(recompute_grad):
    """Bytes by which one forward and backward pass raises the resident memory at its peak."""
    encoder = AlbertEncoder(CONFIG, recompute_grad=recompute_grad, clusters=False)

    @tf.function
    def step(word_ids):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(tf.sin(encoder({"input_word_ids": word_ids}, training=True, seed=[3, 5])["sequence_output"]))
        return [tf.reduce_sum(g) for g in tape.gradient(loss, encoder.blocks[0].trainable_variables)]

    # Traced and run small first: graphs and buffers of the libraries are not what is measured.
    step = step.get_concrete_function(tf.TensorSpec([None, LENGTH], tf.int32))
    step(tf.ones([1, LENGTH], tf.int32))
    with open(CLEAR, "w", encoding="ascii") as f:
        f.write("5")
    before = _status("VmRSS")
    step(tf.ones([BATCH, LENGTH], tf.int32))
    return _status("VmHWM") - before


def _status(field):
    with open("/proc/self/status", encoding="ascii") as f:
        return next(int(line.split()[1]) * 1024 for line in f if line.startswith(field))


@pytest.mark.slow
@pytest.mark.skipif(not os.access(CLEAR, os.W_OK), reason="no /proc with a peak that can be set back")
def test_recomputation_saves_memory():
    # In a process of its own: memory that earlier tests have freed would hide what a step takes. The saving one first: what it leaves
    # to the allocator only makes the other seem smaller.
    code = "from tests.albert.arithmetic.test_recompute import peak_of_a_step; print(peak_of_a_step(True), peak_of_a_step(False))"
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    recomputed, kept = map(int, result.stdout.split())
    # Activations of 976 rows in float32: a layer keeps about 40 of 192 columns each (the feed-forward's four times as wide).
    assert kept > 24 * 20 * BATCH * LENGTH * 192 * 4
    assert recomputed < kept / 3
