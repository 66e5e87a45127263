"""FGM and R-Drop against their definitions."""

import itertools

import numpy as np
import tensorflow as tf

from ner.model.crf.layer import LinearChain
from ner.training.regularization import fgm_perturbation, symmetric_divergence
from tests.ner.training.toy import NO_DROPOUT, SOFTMAX, make_trainer, weights


def distribution_of_sequences(chain, emissions):
    """Probability of every tag sequence of one sentence: float64 [K ** T]."""
    scores = []
    for path in itertools.product(range(emissions.shape[1]), repeat=len(emissions)):
        score = chain.start[path[0]] + chain.end[path[-1]] + sum(emissions[t, k] for t, k in enumerate(path))
        scores.append(float(score + sum(chain.transitions[i, j] for i, j in zip(path, path[1:]))))
    weights = np.exp(np.array(scores) - max(scores))
    return weights / weights.sum()


def test_symmetric_divergence_is_that_of_all_tag_sequences():
    random = np.random.default_rng(1)
    chain = LinearChain(*(tf.constant(random.normal(size=shape), tf.float32) for shape in ([3, 3], [3], [3])))
    p, q = (tf.constant(random.normal(size=[3, 5, 3]), tf.float32) for _ in range(2))
    lengths = np.array([5, 2, 0], np.int32)
    found = symmetric_divergence(chain, p, q, lengths).numpy()
    for i, length in enumerate(lengths[:2]):
        a, b = (distribution_of_sequences(chain, x[i, :length].numpy()) for x in (p, q))
        np.testing.assert_allclose(found[i], np.sum((a - b) * np.log(a / b)), rtol=2e-5)
    assert found[2] == 0.0


def test_symmetric_divergence_has_the_gradient_of_its_value():
    random = np.random.default_rng(2)
    chain = LinearChain(*(tf.constant(random.normal(size=shape), tf.float32) for shape in ([3, 3], [3], [3])))
    p, q, direction = (tf.constant(random.normal(size=[1, 5, 3]), tf.float32) for _ in range(3))
    with tf.GradientTape() as tape:
        tape.watch(p)
        value = symmetric_divergence(chain, p, q, [5])
    slope = float(tf.reduce_sum(tape.gradient(value, p) * direction))
    ahead, behind = (float(symmetric_divergence(chain, p + h * direction, q, [5])[0]) for h in (0.01, -0.01))
    np.testing.assert_allclose(slope, (ahead - behind) / 0.02, rtol=2e-3)


def test_fgm_goes_along_the_gradient_as_far_as_epsilon():
    gradient = np.array([[3.0, 0.0], [0.0, -4.0]], np.float32)
    np.testing.assert_allclose(fgm_perturbation(gradient, 0.5), [[0.3, 0.0], [0.0, -0.4]], rtol=1e-6)
    np.testing.assert_array_equal(fgm_perturbation(np.zeros([2, 3], np.float32), 0.5), np.zeros([2, 3]))


def test_fgm_adds_the_gradient_at_the_perturbed_embeddings_and_puts_them_back(tmp_path):
    without_dropout = {"encoder": NO_DROPOUT["encoder"], "model": {**SOFTMAX["model"], "dropout": 0.0}}
    trainer = make_trainer(tmp_path, fgm_epsilon=0.25, max_train_steps=1, learning_rate=0.0, **without_dropout)
    model, kernel = trainer.model, trainer.model.emissions.kernel
    batch = {name: value[0] for name, value in trainer._feed.parts(0, 1).items()}

    def gradients():
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(model.loss(model(batch), batch["tag_ids"], batch["lengths"]))
        return tape.gradient(loss, [model.encoder.embeddings.word, kernel])

    word = model.encoder.embeddings.word
    before = weights(trainer)
    first = [tf.convert_to_tensor(g).numpy() for g in gradients()]
    word.assign_add(0.25 * first[0] / np.linalg.norm(first[0]))
    second = [tf.convert_to_tensor(g).numpy() for g in gradients()]
    word.assign(before["encoder/embeddings/word"])
    trainer.run()
    np.testing.assert_array_equal(word.numpy(), before["encoder/embeddings/word"])
    index = next(i for i, v in enumerate(trainer.optimizer.variables_in_groups) if v is kernel)
    # Adam's first moment after one step is a tenth of the clipped gradient.
    moment = trainer.optimizer._first_moments[index].numpy()
    expected = first[1] + second[1]
    assert np.abs(second[1] - first[1]).max() > 1e-3  # the perturbation matters
    np.testing.assert_allclose(moment / np.linalg.norm(moment), expected / np.linalg.norm(expected), atol=1e-5)
