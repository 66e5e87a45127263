"""A report's description of the weights that a training started from."""

import pytest

from ner.reproduce.scoring import describe_weights

ALBERT = {"encoder": {"num_hidden_layers": 3, "hidden_size": 22}}
CHARACTERS = {"encoder": {"vocab_size": 31, "hidden_size": 7}}


@pytest.mark.parametrize(
    ("identity", "expected"),
    [
        ({"model": ALBERT, "init_checkpoint": "checkpoints/x"}, "encoder: checkpoints/x; all else random"),
        ({"model": ALBERT, "init_checkpoint": None}, "random, nothing pretrained: an encoder of 3 layers of width 22"),
        ({"model": ALBERT, "init_checkpoint": ""}, "random, nothing pretrained: an encoder of 3 layers of width 22"),
        ({"model": CHARACTERS, "init_checkpoint": None}, "random, nothing pretrained: character vectors of width 7"),
        (
            {"model": CHARACTERS, "init_checkpoint": None, "char_vectors": "a1", "word_vectors": "b2"},
            "pretrained char vectors and word vectors; all else random",
        ),
    ],
)
def test_weights_in_words(identity, expected):
    assert describe_weights(identity) == expected
