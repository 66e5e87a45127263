"""The encoder that comes with the package."""

import pathlib
import shutil

import numpy as np
import pytest

from albert import CharTokenizer, checkpoints, load_encoder, pretrained
from albert.errors import CheckpointError

DIRECTORY = pathlib.Path(pretrained.DIRECTORY)


def test_loads_by_its_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found = checkpoints.find(pretrained.NAME)
    assert pathlib.Path(found.path) == DIRECTORY / "model.safetensors"
    encoder = load_encoder(pretrained.NAME)
    vocabulary = CharTokenizer(found.vocab_file)
    vocabulary.check_size(encoder.config.vocab_size)
    assert (encoder.config.num_hidden_layers, encoder.config.hidden_size, encoder.config.embedding_size) == (4, 384, 128)


def test_a_path_of_that_name_goes_before(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shutil.copytree(DIRECTORY, tmp_path / pretrained.NAME)
    assert checkpoints.find(pretrained.NAME).path == f"{pretrained.NAME}/model.safetensors"
    (tmp_path / pretrained.NAME / "model.safetensors").unlink()
    with pytest.raises(CheckpointError, match=f"^{pretrained.NAME}: expected a TensorFlow checkpoint"):
        checkpoints.find(pretrained.NAME)


def test_it_has_learned_chinese():
    """Characters that no frequency predicts; the heads are there, so pretraining can go on from it."""
    found = checkpoints.find(pretrained.NAME)
    model, tokenizer = checkpoints.load_pretraining_model(found), CharTokenizer(found.vocab_file)
    characters = list(tokenizer.vocab)
    for text, position, expected in (("中华人民共和国", 6, "国"), ("他在北京大学学习。", 3, "京"), ("中国共产党中央委员会", 8, "员")):
        ids = [tokenizer.cls_id, *tokenizer.encode(text), tokenizer.sep_id]
        ids[position + 1] = tokenizer.mask_id
        inputs = {"input_word_ids": np.array([ids], np.int32), "masked_lm_positions": np.array([[position + 1]], np.int32)}
        logits = model(inputs)["masked_lm_logits"][0, 0].numpy()
        assert characters[np.argmax(logits)] == expected
