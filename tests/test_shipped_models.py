"""Common properties of the shipped encoder and the shipped tagger: small files, and a card that names them."""

import pathlib
import re

import numpy as np
import pytest
from safetensors.numpy import load_file

import albert.pretrained
import ner.pretrained
from albert.files import sha256

DIRECTORIES = [pathlib.Path(module.DIRECTORY) for module in (albert.pretrained, ner.pretrained)]
pytestmark = pytest.mark.parametrize("directory", DIRECTORIES, ids=lambda path: path.name)


def test_weights_are_small_and_half_precision(directory):
    (path,) = directory.glob("*.safetensors")
    assert {value.dtype for value in load_file(path).values()} == {np.dtype(np.float16)}
    assert path.stat().st_size < 12_000_000


def test_card_names_every_file(directory):
    card = (directory / "README.md").read_text(encoding="utf-8")
    listed = dict(re.findall(r"^\| `(\S+)` \| [\d,]+ \| `([0-9a-f]{64})` \|$", card, re.MULTILINE))
    assert listed == {path.name: sha256(path) for path in directory.iterdir() if path.name != "README.md"}
