"""Labelled data given by a Python program."""

import numpy as np
import pytest

from ner.data.given import read_given
from ner.data.settings import DataSettings
from ner.entity import Entity
from ner.errors import DataError
from ner.tags import Span

TEXTS = [("王明在😀北京", [(0, 2, "PER"), (4, 6, "LOC")]), ("在", [])]


def test_a_list_a_directory_and_a_file_hold_the_same(tmp_path):
    (tmp_path / "dev.txt").write_text("王 B-PER\n明 I-PER\n在 O\n😀 O\n北 B-LOC\n京 I-LOC\n\n在 O\n", encoding="utf-8")
    expected = [("王明在😀北京", ("B-PER", "I-PER", "O", "O", "B-LOC", "I-LOC")), ("在", ("O",))]
    for data in (TEXTS, iter(TEXTS), tmp_path, tmp_path / "dev.txt"):
        assert [(example.text, example.tags) for example in read_given(data, "dev")] == expected
    assert read_given(tmp_path, "test", required=False) is None


def test_spans_in_every_form():
    spans = [(0, 2, "PER"), [0, 2, "PER"], Span(0, 2, "PER"), Entity(0, 2, "PER", "王明", 0.5), (np.int64(0), np.int32(2), "PER")]
    assert {read_given([("王明", [span])], "train").examples[0].tags for span in spans} == {("B-PER", "I-PER")}


def test_sha256_depends_on_texts_and_entities():
    digests = [read_given(data, "train").sha256 for data in (TEXTS, list(TEXTS), TEXTS[:1], [(TEXTS[0][0], []), TEXTS[1]])]
    assert len(set(digests)) == 3
    assert digests[0] == digests[1]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ([("王明在北京", [(0, 9, "PER")])], r"<train>:1: found PER at \[0, 9\), expected a non-empty span inside"),
        ([TEXTS[0], ("王",)], r"<train>:2: found \('王',\), expected \(text, \[\(start, end, label\), …\]\)"),
        (5, r"<train>: found 5, expected a directory, a file, or a list of \(text, "),
        ([], r"<train>: found an empty list, expected at least one \(text, "),
        ([("王明", [(0, 2)])], r"<train>:1: found \('王明', \[\(0, 2\)\]\), expected \(text, \[\(start, end, label\), …\]\)"),
        ([("王明京", [(0, 2, "PER"), (1, 3, "LOC")])], "<train>:1: found LOC '明京' at .* overlapping PER '王明'"),
        ([(3, [])], "<train>:1: found 'text': 3, expected a non-empty string"),
    ],
)
def test_mistakes(data, message):
    with pytest.raises(DataError, match=message):
        read_given(data, "train")


def test_settings_read_what_was_given():
    settings = DataSettings(given={"train": TEXTS}, on_bad_line="skip")
    assert len(settings.read("train")) == 2
    assert settings.read("dev", required=False) is None
    with pytest.raises(DataError, match="dev: not given, expected a directory, a file"):
        settings.read("dev")
    assert settings.is_given
    assert not DataSettings().is_given
