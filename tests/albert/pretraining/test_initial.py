"""Initial values against what they are for."""

import numpy as np
import pytest

from albert.config import AlbertConfig
from albert.errors import UserError
from albert.pretraining.initial import sinusoidal_positions, unigram_bias
from albert.pretraining.run import make_model
from albert.pretraining.settings import PretrainingSettings
from albert.training.starting_point import StartingPoint
from tests.albert.pretraining.conftest import CONFIG
from tests.albert.pretraining.small_run import pretrain, rows, weights


def test_similarity_of_positions_depends_on_their_distance_alone_and_is_that_of_neighbours_first():
    table = sinusoidal_positions(50, 128)
    assert table.dtype == np.float32
    similarity = table @ table.T
    for distance in range(1, 50):
        diagonal = np.diagonal(similarity, distance)
        np.testing.assert_allclose(diagonal, diagonal[0], rtol=1e-3)
    assert np.all(np.diff(similarity[0, :5]) < 0)
    assert np.sqrt(np.mean(np.square(table))) == pytest.approx(0.04, rel=1e-3)


def test_odd_width():
    np.testing.assert_array_equal(sinusoidal_positions(7, 5)[0, 0::2], 0.0)


def test_softmax_of_the_bias_is_the_frequency():
    probabilities = np.array([0.0, 0.5, 0.3, 0.2, 0.0])
    bias = unigram_bias(probabilities)
    softmax = np.exp(bias[1:4]) / np.exp(bias[1:4]).sum()
    np.testing.assert_allclose(softmax, probabilities[1:4], rtol=1e-6)
    assert bias[0] == bias[4] == bias.min() == bias[3]
    assert bias.mean() == pytest.approx(0.0, abs=1e-6)


def test_a_new_model_starts_from_them_and_a_checkpoint_does_not(options):
    start = {**options, "num_train_steps": 1, "num_warmup_steps": 0, "learning_rate": 1e-9}
    pretrain(start, position_initializer="sinusoidal", bias_initializer="unigram")
    first = weights(f"{options['output_dir']}/step-00000001")
    positions = first["bert/embeddings/position_embeddings"]
    np.testing.assert_allclose(positions, sinusoidal_positions(*positions.shape), atol=1e-7)
    # The score of frequency alone, or nearly: the rest of the logits is small.
    (score,) = rows(options, "eval")
    assert float(score["masked_lm_loss"]) == pytest.approx(float(score["unigram_loss"]), abs=0.2)

    pretrain(
        {**start, "output_dir": options["output_dir"] + "2"},
        init_checkpoint=f"{options['output_dir']}/step-00000001",
        albert_config_file="",
        vocab_file="",
    )
    second = weights(f"{options['output_dir']}2/step-00000001")
    for name, value in first.items():
        np.testing.assert_allclose(second[name], value, atol=1e-6, err_msg=name)


@pytest.mark.parametrize("name", ["position_initializer", "bias_initializer"])
def test_unknown_names(name):
    with pytest.raises(UserError, match=f"^{name}: found 'none', expected one of "):
        PretrainingSettings(**{name: "none"})


def test_there_is_no_dropout_while_pretraining():
    """Lan et al., section 4.8; the config that is stored for fine-tuning keeps its rates (test_run_pretraining.py)."""
    config = AlbertConfig.from_dict(CONFIG)
    assert (config.hidden_dropout_prob, config.attention_probs_dropout_prob) == (0.1, 0.1)
    model = make_model(StartingPoint(config))
    for part in (model, model.encoder, *model.encoder.blocks):
        assert (part.config.hidden_dropout_prob, part.config.attention_probs_dropout_prob) == (0.0, 0.0)
