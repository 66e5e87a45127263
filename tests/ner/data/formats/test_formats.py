"""Formats: what tools export is read, and comes back unchanged; what is broken is one line that names the way out."""

import json
import re

import pytest

from ner.data import formats
from ner.data.examples import Details, Example
from ner.data.readers import read_examples, read_split
from ner.data.splits import files_of
from ner.errors import DataError
from ner.tags import Span, tags_from_spans
from tests.ner.data.formats import samples
from tests.ner.data.formats.samples import BOTH, NEXT, NEXT_SPANS, SAMPLES, SPANS, TEXT

EXPECTED = [(text, [Span(*span) for span in spans]) for text, spans, _ in BOTH]


def contents(corpus):
    return [(example.text, example.spans(corpus.scheme)) for example in corpus]


def taken_for(name):
    """The format that a sample is taken for."""
    known = {
        "csv": "csv",
        "tsv": "tsv",
        "msra": "words",
        "doccano-json": "label-studio",
        "label-studio-csv": "csv",
        "label-studio-conll": "columns",
    }
    return (
        known.get(name)
        or next((own for start, own in known.items() if name.startswith(start + "-")), None)
        or next(own for own in formats.FORMATS if name == own or name.startswith(own + "-"))
    )


@pytest.mark.parametrize("name", SAMPLES)
def test_what_tools_export_is_found_and_read(tmp_path, name):
    path = samples.write(tmp_path, name)
    corpus = read_split(tmp_path, "train")
    assert contents(corpus) == EXPECTED
    assert corpus.path == str(path)
    assert (name, corpus.file_format) == (name, "doccano" if name == "doccano-relation" else taken_for(name))


@pytest.mark.parametrize("target", formats.FORMATS)
@pytest.mark.parametrize("name", SAMPLES)
def test_every_format_comes_back_from_every_other(tmp_path, name, target):
    corpus = read_examples(samples.write(tmp_path, name))
    there = formats.find_format(target)
    path = tmp_path / f"there{there.suffix or '.ann'}"
    there.write(corpus.examples, str(path))
    found = read_examples(path)
    assert contents(found) == EXPECTED
    assert found.file_format == ("columns" if target == "label-studio-conll" else target)
    home = formats.find_format(corpus.file_format)
    back = tmp_path / f"back{home.suffix or '.ann'}"
    home.write(found.examples, str(back))
    assert contents(read_examples(back)) == EXPECTED


@pytest.mark.parametrize("name", ["doccano", "cluener", "huggingface", "columns", "paddle", "brat", "label-studio-conll"])
def test_the_same_format_comes_back_byte_for_byte_or_value_for_value(tmp_path, name):
    path = samples.write(tmp_path, name)
    back = tmp_path / f"back{path.suffix}"
    lost = formats.find_format(name).write(read_examples(path).examples, str(back))
    assert not lost
    if path.suffix in (".json", ".jsonl"):
        assert list(map(json.loads, back.read_text().splitlines())) == list(map(json.loads, path.read_text().splitlines()))
    else:
        assert back.read_text().rstrip("\n") == path.read_text().rstrip("\n")
    if name == "brat":
        assert back.with_suffix(".txt").read_text() == path.with_suffix(".txt").read_text()


def test_label_studio_comes_back_with_its_data_ids_and_utf16_offsets(tmp_path):
    path = samples.write(tmp_path, "label-studio")
    back = tmp_path / "back.json"
    formats.find_format("label-studio").write(read_examples(path).examples, str(back))
    for found, task in zip(json.loads(back.read_text()), samples.tasks()):
        assert (found["id"], found["data"]) == (task["id"], task["data"])
        values = [result["value"] for result in found["annotations"][0]["result"]]
        assert values == [result["value"] for result in task["annotations"][0]["result"]]
    assert values[0]["start"] == 0
    first = json.loads(back.read_text())[0]["annotations"][0]["result"]
    assert [first[2]["value"][key] for key in ("start", "end")] == [8, 10]


def test_what_cannot_be_carried_is_told(tmp_path):
    details = Details(document="a", fields={"id": 3, "source": "x"}, words=(2, 1, 4, 1, 1, 1))
    example = Example(TEXT, tuple(tags_from_spans([Span(*span) for span in SPANS], len(TEXT))), details=details)
    odd = Example("王\n明 x", ("B-PER", "I-PER", "I-PER", "O", "O"))
    expected = {
        "columns": {"sentence whose document is not told": 1, "field 'id' left out": 1, "field 'source' left out": 1},
        "brat": {"sentence whose division into tokens is left out": 1, "field 'id' left out": 1, "field 'source' left out": 1},
        "doccano": {"sentence whose document is not told": 1, "sentence whose division into tokens is left out": 1},
    }
    for name, lost in expected.items():
        assert formats.find_format(name).write([example], str(tmp_path / f"{name}.ann")) == lost
    replaced = {"text with characters that the format cannot hold, written as others": 1}
    for name in ("columns", "paddle", "words", "label-studio-conll"):
        assert formats.find_format(name).write([odd], str(tmp_path / name)) == replaced
        assert read_examples(tmp_path / name)[0].spans() == [Span(0, 3, "PER")]
    for name in ("doccano", "cluener", "entities", "label-studio", "csv", "tsv", "huggingface"):
        assert not formats.find_format(name).write([odd], str(tmp_path / f"odd.{name}.jsonl"))
        assert read_examples(tmp_path / f"odd.{name}.jsonl", file_format=name)[0].text == odd.text


def test_tokens_of_several_characters_come_back_as_tokens(tmp_path):
    path = tmp_path / "train.jsonl"
    values = {"tokens": ["IBM", "公", "司", "2019"], "ner_tags": ["B-ORG", "I-ORG", "I-ORG", "O"]}
    path.write_text(json.dumps(values))
    corpus = read_examples(path)
    assert contents(corpus) == [("IBM公司2019", [Span(0, 5, "ORG")])]
    for name in ("huggingface", "columns", "paddle", "label-studio-conll"):
        back = tmp_path / f"back.{name}"
        formats.find_format("huggingface" if name == "huggingface" else name).write(corpus.examples, str(back))
        assert read_examples(back)[0].details.words == (3, 1, 1, 4)


def test_schemes(tmp_path):
    corpus = read_examples(samples.write(tmp_path, "doccano"))
    for name in ("columns", "paddle", "huggingface"):
        path = tmp_path / f"bmes{formats.find_format(name).suffix}"
        formats.find_format(name).write(corpus.examples, str(path), "BMES")
        found = read_examples(path)
        assert (contents(found), found.source_scheme) == (EXPECTED, "BMES")


def test_brat_documents(tmp_path):
    directory = tmp_path / "train"
    directory.mkdir()
    (directory / "b.txt").write_bytes(f"{NEXT}\r\n北\r\n京\r\n".encode())
    (directory / "b.ann").write_text("T1\tPER 0 2\t李华\nT2\tLOC 7 8;10 11\t北 京\nR1\tin Arg1:T1 Arg2:T2\n#1\tNote T1\tx\n")
    (directory / "a.txt").write_text(TEXT)
    (directory / "a.ann").write_text("")
    corpus = read_split(tmp_path, "train")
    assert [(e.text, e.line, e.details.document) for e in corpus] == [(TEXT, 1, "a"), (NEXT, 1, "b"), ("北\r\n京", 2, "b")]
    assert corpus[2].spans() == [Span(0, 4, "LOC")]
    assert corpus.notes == {"brat annotation other than an entity, left out": 2, "entity across lines, which became one sentence": 1}
    assert [path.rpartition("/")[2] for path in files_of(corpus.path)] == ["a.ann", "a.txt", "b.ann", "b.txt"]
    formats.find_format("brat").write(corpus.examples, str(tmp_path / "back"))
    assert [contents(read_examples(path)) for path in (tmp_path / "back", directory)] == [contents(corpus)] * 2


NESTED = {"text": "北京大学王明", "label": [[0, 4, "ORG"], [0, 2, "LOC"], [4, 6, "PER"], [3, 5, "X"]]}


def test_nested_entities(tmp_path):
    path = tmp_path / "train.jsonl"
    path.write_text(json.dumps(NESTED))
    with pytest.raises(DataError, match="overlapping"):
        read_examples(path)
    corpus = read_examples(path, nested="outermost")
    assert contents(corpus) == [("北京大学王明", [Span(0, 4, "ORG"), Span(4, 6, "PER")])]
    assert corpus.notes == {"entity inside or across a longer one, left out": 2}
    # Two types at one place: neither is outside the other.
    path.write_text(json.dumps({"text": "北京", "label": [[0, 2, "ORG"], [0, 2, "LOC"]]}))
    with pytest.raises(DataError, match="overlapping"):
        read_examples(path, nested="outermost")
    assert contents(read_examples(path, rename={"LOC": ""})) == [("北京", [Span(0, 2, "ORG")])]


def test_types_are_renamed_and_left_out_before_they_are_looked_at(tmp_path):
    path = tmp_path / "train.jsonl"
    path.write_text(json.dumps({"text": "北京", "label": [[0, 1, "a type"], [1, 2, "X"]]}))
    with pytest.raises(DataError, match="a name without white space"):
        read_examples(path)
    assert contents(read_examples(path, rename={"a type": "A", "X": ""})) == [("北京", [Span(0, 1, "A")])]
    path.write_text("北\tB-A\n京\tB-B\n市\tI-B\n")
    assert contents(read_examples(path, rename={"B": "C", "A": ""})) == [("北京市", [Span(1, 3, "C")])]


def test_texts_prove_the_unit_of_label_studio_s_offsets(tmp_path):
    path = tmp_path / "train.json"
    task = {"data": {"text": "😀王明"}, "annotations": [{"result": samples.result("😀王明", [(1, 3, "PER")])}]}
    path.write_text(json.dumps([task]))
    corpus = read_examples(path)
    assert contents(corpus) == [("😀王明", [Span(1, 3, "PER")])]
    assert corpus.notes == {"text whose offsets count UTF-16 units, converted": 1}


def broken(name, old, new):
    file, text, others = SAMPLES[name]
    assert old in text
    return file, text.replace(old, new, 1), others


ANNOTATIONS = '"annotations": [{'

# (file, contents, other files, message)
BROKEN = {
    "array": (
        "train.json",
        "[\n{},\n{]",
        {},
        ":3: found invalid JSON (Expecting property name enclosed in double quotes at character 2), expected a JSON array",
    ),
    "array ends": ("train.json", '[{"text": "京", "label": []}', {}, ":1: found the end of the file, expected a JSON array of tasks"),
    "array goes on": ("train.json", '[{"text": "京", "label": []}]\n7', {}, ":2: found invalid JSON ('7' at character 1), expected"),
    "array of numbers": ("train.json", "[{},\n7]", {}, ":1: found no 'text', expected a non-empty string"),
    "task without annotations": (
        *broken("label-studio", '"annotations"', '"x"'),
        ":1: found a task without 'annotations', expected an annotated task (export those alone)",
    ),
    "task not annotated": (
        *broken("label-studio", '"was_cancelled": false', '"was_cancelled": true'),
        ":1: found a task without annotations, expected an annotated",
    ),
    "tasks annotated twice": (
        *broken("label-studio", ANNOTATIONS, ANNOTATIONS + '"result": []}, {'),
        ":1: found 2 annotations of a task that differ, expected one (choose it in Label Studio)",
    ),
    "task in HTML": (
        *broken("label-studio", '"type": "labels"', '"type": "hypertextlabels"'),
        ":1: found an entity in HTML (hypertextlabels), expected entities in plain",
    ),
    "two labels": (
        *broken("label-studio", '"labels": ["ORG"]', '"labels": ["ORG", "LOC"]'),
        ":1: found ORG '北京大学' at [3, 7) overlapping LOC '北京大学' at [3, 7), expected",
    ),
    "which text": (
        *broken("label-studio", '"text": "王明在北京大学，😀。"', '"a": "王明在北京大学，😀。"'),
        ":1: found data with the keys 'a', 'source', expected a non-empty string as 'text'",
    ),
    "brat discontinuous": (
        *broken("brat", "0 2\t王明", "0 1;2 3\t王 在"),
        ".ann:1: found PER in parts, 0 1;2 3, expected an entity of one part (join it, or leave it out)",
    ),
    "brat text": (
        *broken("brat", "\t王明", "\t王"),
        ".ann:1: found PER '王明' at [0, 2) named '王' in a text of 18 characters, expected the text at its offsets",
    ),
    "brat line": (
        *broken("brat", "T2\t", "2\t"),
        ".ann:2: found '2\\tORG 3 7\\t北京大学', expected an entity: T1, a tab, TYPE START END, a tab and its text",
    ),
    "brat without text": ("train.ann", "T1\tPER 0 2\t王明\n", {}, "train.txt: no such file, expected the text of a brat document"),
    "numbers without names": (
        "train.jsonl",
        '{"tokens": ["京"], "ner_tags": [3]}',
        {},
        ":1: found the number 3 in 'ner_tags', expected names of tags, or a dataset_info.json",
    ),
    "numbers beyond names": (
        *broken("huggingface-numbers", '"ner_tags": [2,', '"ner_tags": [20,'),
        ":1: found the number 20 in 'ner_tags', expected a number below 8, as dataset_info",
    ),
    "tokens and tags": (
        "train.jsonl",
        '{"tokens": ["京", "城"], "ner_tags": ["O"]}',
        {},
        ":1: found ner_tags as 1 tags, expected a list with a tag for each of 2 tokens",
    ),
    "no tags": (
        "train.jsonl",
        '{"tokens": ["京"], "pos": ["O"]}',
        {},
        ":1: found the keys 'tokens', 'pos', expected 'tokens' and 'ner_tags'",
    ),
    "csv header": (
        "train.csv",
        "a,b\n京,O\n",
        {},
        ":1: found 'a,b', expected a header such as text,entities or token,tag or text,start,end,label",
    ),
    "csv cells": (*broken("csv-blank-lines", "明,I-PER", "明,I-PER,x"), ":3: found 3 columns, expected 2 as in the header"),
    "csv tag": (*broken("csv-blank-lines", "明,I-PER", "明,NN"), ":3: found 'NN' in column 'tag', expected a tag such as O or B-PER"),
    "csv quotes": (
        *broken("csv-blank-lines", "明,I-PER", '"明"x,I-PER'),
        ":3: found a row that cannot be taken apart (',' expected after '\"'), expected cells with quotes",
    ),
    "csv tags": (
        *broken("csv-tags", "B-PER I-PER", "B-PER"),
        ":2: found 9 tags for 10 characters and 1 words, expected a tag for each character, or for each word",
    ),
    "csv offsets": (*broken("csv-entity-rows", ",0,2,", ",0,x,"), ":2: found \"x\" in column 'end', expected a whole number"),
    "csv JSON": (
        "train.csv",
        'text,entities\n京,"[{"\n',
        {},
        ":2: found invalid JSON (Expecting property name enclosed in double quotes at character 3) in column 'entities', expected a list",
    ),
    "paddle": (*broken("paddle", "\x02I-PER", ""), ":2: found 10 characters and 9 tags, expected a tag for each, separated by U+0002"),
    "paddle tag": (*broken("paddle", "\x02I-PER", "\x02NN"), ":2: found 'NN' in column 2, expected a tag such as O or B-PER"),
    "words": (*broken("msra-words", "去/o", "去"), ":2: found word 2 '去', expected word/type, o for words that are no entities"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_broken_is_one_line_that_names_the_way_out(tmp_path, name):
    file, text, others, message = BROKEN[name]
    for other, own in {file: text, **others}.items():
        (tmp_path / other).write_text(own)
    with pytest.raises(DataError, match=re.escape(message)):
        read_split(tmp_path, "train")


def test_a_table_beside_data_is_looked_at_only_without_them(tmp_path):
    (tmp_path / "train.txt").write_text("京\tB-LOC\n")
    (tmp_path / "train.csv").write_text("a,b\n")
    assert read_split(tmp_path, "train").file_format == "columns"


def test_a_given_format(tmp_path):
    path = samples.write(tmp_path, "doccano")
    assert contents(read_examples(path, file_format="doccano")) == EXPECTED
    with pytest.raises(DataError, match="found another format, expected brat"):
        read_examples(path, file_format="brat")


def test_an_entity_rows_text_without_entities(tmp_path):
    path = tmp_path / "train.csv"
    path.write_text(f"text,start,end,type\n京城,,,\n{NEXT},0,2,PER\n{NEXT},3,5,LOC\n")
    assert contents(read_examples(path)) == [("京城", []), (NEXT, [Span(*span) for span in NEXT_SPANS])]
