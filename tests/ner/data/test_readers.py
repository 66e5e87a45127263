"""Readers: every format gives the same examples, and every mistake its exact line."""

import json
import random
import sys

import pytest

from albert.errors import FieldError
from ner.data.examples import Example
from ner.data.readers import ExampleReader, read_examples, read_split
from ner.errors import DataError

# 王明在北京大学。 PER [0, 2), LOC [3, 5) and ORG [5, 7): one entity follows another without a gap.
TEXT = "王明在北京大学。"
BIO = ["B-PER", "I-PER", "O", "B-LOC", "I-LOC", "B-ORG", "I-ORG", "O"]
BMES = ["B-PER", "E-PER", "O", "B-LOC", "E-LOC", "B-ORG", "E-ORG", "O"]
OTHER_TEXT = "李在京"
OTHER_BIO = ["B-PER", "O", "B-LOC"]
OTHER_BMES = ["S-PER", "O", "S-LOC"]


def columns(*sentences, separator="\t", newline="\n"):
    blocks = [newline.join(f"{c}{separator}{tag}" for c, tag in zip(text, tags)) for text, tags in sentences]
    return (newline * 2).join(blocks) + newline


def write(path, content):
    path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
    return path


@pytest.fixture
def data(tmp_path):
    """A function that writes content to one file and returns its path."""
    return lambda content: write(tmp_path / "data", content)


def contents(corpus):
    return [(example.text, list(example.tags)) for example in corpus]


TWO = [(TEXT, BIO), (OTHER_TEXT, OTHER_BIO)]
CLUENER = [
    {"text": TEXT, "label": {"PER": {"王明": [[0, 1]]}, "LOC": {"北京": [[3, 4]]}, "ORG": {"大学": [[5, 6]]}}},
    {"text": OTHER_TEXT, "label": {"LOC": {"京": [[2, 2]]}, "PER": {"李": [[0, 0]]}}},
]
ENTITIES = [
    {
        "text": TEXT,
        "entities": [
            {"start": 5, "end": 7, "label": "ORG"},
            {"start": 0, "end": 2, "label": "PER", "text": "王明"},
            {"start": 3, "end": 5, "label": "LOC", "id": 17},
        ],
    },
    {"text": OTHER_TEXT, "entities": [{"start": 0, "end": 1, "label": "PER"}, {"start": 2, "end": 3, "label": "LOC"}]},
]


def json_lines(objects, newline="\n"):
    return "".join(json.dumps(values, ensure_ascii=False) + newline for values in objects)


@pytest.mark.parametrize(
    "content, file_format, scheme",
    [
        (columns(*TWO), "columns", "BIO"),
        (columns(*TWO).rstrip("\n"), "columns", "BIO"),
        (columns(*TWO, separator=" "), "columns", "BIO"),
        (columns(*TWO, separator="   "), "columns", "BIO"),
        (columns(*TWO, separator="\tNN\t_\t"), "columns", "BIO"),
        (columns(*TWO, separator=" NN  _ "), "columns", "BIO"),
        (columns(*TWO, newline="\r\n"), "columns", "BIO"),
        ("\ufeff" + columns(*TWO, newline="\r\n"), "columns", "BIO"),
        ("\n\n" + columns(*TWO).replace("\n\n", "\n\n\n") + "\n\n", "columns", "BIO"),
        (columns(*TWO).replace("\n", " \n"), "columns", "BIO"),
        ("-DOCSTART- -X- O O\n\n" + columns(*TWO, separator=" ").replace("\n\n", "\n-DOCSTART- -X- O O\n"), "columns", "BIO"),
        (columns((TEXT, BMES), (OTHER_TEXT, OTHER_BMES)), "columns", "BMES"),
        (columns((TEXT, [tag.replace("S-", "W-") for tag in BMES]), (OTHER_TEXT, ["W-PER", "O", "W-LOC"])), "columns", "BMEWO"),
        (columns((TEXT, [tag.replace("E-", "L-") for tag in BMES]), (OTHER_TEXT, ["U-PER", "O", "U-LOC"])), "columns", "BILOU"),
        (json_lines(CLUENER), "cluener", "spans"),
        ("\ufeff" + json_lines(CLUENER, newline="\r\n"), "cluener", "spans"),
        (json_lines(ENTITIES), "entities", "spans"),
        ("\n" + json_lines(ENTITIES, newline="\n\n"), "entities", "spans"),
    ],
)
def test_every_format_gives_the_same_examples(data, content, file_format, scheme):
    if scheme == "BMES":
        content += "\n" + columns(("长城人", ["B-LOC", "M-LOC", "E-LOC"]))
    corpus = read_examples(data(content))
    assert contents(corpus)[:2] == TWO
    assert (corpus.file_format, corpus.source_scheme, corpus.scheme) == (file_format, scheme, "BIO")
    assert corpus.violations == []
    assert not corpus.skipped


@pytest.mark.parametrize("content", [columns(*TWO), json_lines(CLUENER), json_lines(ENTITIES)])
def test_target_scheme(data, content):
    corpus = read_examples(data(content), target_scheme="BMES")
    assert contents(corpus) == [(TEXT, BMES), (OTHER_TEXT, OTHER_BMES)]
    assert corpus.scheme == "BMES"
    assert corpus[0].spans("BMES") == [(0, 2, "PER"), (3, 5, "LOC"), (5, 7, "ORG")]


def test_examples_know_their_lines(data):
    path = data("\n" + columns(*TWO))
    assert [(example.source, example.line) for example in read_examples(path)] == [(str(path), 2), (str(path), 11)]
    path = data(json_lines(ENTITIES))
    assert [example.line for example in read_examples(path)] == [1, 2]


def test_a_corpus_is_a_sequence_that_counts(data):
    corpus = read_examples(data(columns(*TWO)))
    assert len(corpus) == 2
    assert corpus[-1] == list(corpus)[1]
    assert corpus.tag_counts() == {"O": 3, "B-PER": 2, "I-PER": 1, "B-LOC": 2, "I-LOC": 1, "B-ORG": 1, "I-ORG": 1}
    assert corpus.entity_counts() == {"PER": 2, "LOC": 2, "ORG": 1}


@pytest.mark.parametrize("space", [" ", "\u3000", "\xa0", "\u2028", "\x85", "\x0b", "\x1c"])
@pytest.mark.parametrize("separator", ["\t", " "])
def test_white_space_is_a_character(data, space, separator):
    """Python's split() and splitlines() would lose every one of these."""
    sentences = [(f"中{space}国", ["B-LOC", "I-LOC", "I-LOC"]), (f"{space}好", ["O", "O"])]
    assert contents(read_examples(data(columns(*sentences, separator=separator)))) == sentences


def test_characters_outside_the_basic_plane(data):
    sentences = [("😀𠮷a1", ["O", "B-PER", "I-PER", "O"])]
    assert contents(read_examples(data(columns(*sentences)))) == sentences
    line = {"text": "😀𠮷a1", "entities": [{"start": 1, "end": 3, "label": "PER", "text": "𠮷a"}]}
    assert contents(read_examples(data(json.dumps(line)))) == sentences  # json.dumps writes surrogate pairs


@pytest.mark.parametrize("first", ["{", "[", '"', "}"])
def test_brackets_may_begin_a_column_file(data, first):
    for separator in "\t ":
        assert contents(read_examples(data(columns((first, ["O"]), separator=separator)))) == [(first, ["O"])]


def test_tokens_of_several_characters_are_spread(data):
    corpus = read_examples(data("在\tO\nNew\tB-LOC\nYork\tI-LOC\n2019\tO\n"))
    assert contents(corpus) == [("在NewYork2019", ["O", "B-LOC", *["I-LOC"] * 6, *["O"] * 4])]
    assert corpus.notes == {"token of several characters": 3}
    corpus = read_examples(data("IBM\tS-ORG\n在\tO\n南\tB-LOC\n京\tE-LOC\n"))
    assert corpus.source_scheme == "BIOES"
    assert corpus[0].spans() == [(0, 3, "ORG"), (4, 6, "LOC")]


def test_an_entity_that_does_not_begin_is_kept_and_reported(data):
    path = data("\n京\tI-LOC\n城\tI-LOC\n在\tO\n李\tB-PER\n社\tI-ORG\n")
    corpus = read_examples(path)
    assert contents(corpus) == [("京城在李社", ["I-LOC", "I-LOC", "O", "B-PER", "I-ORG"])]
    assert [str(v) for v in corpus.violations] == [f"{path}:2: I-LOC after the start of the sentence", f"{path}:6: I-ORG after B-PER"]


def test_violations_of_other_schemes_are_repaired_and_reported(data):
    path = data("北\tB-LOC\n京\tE-LOC\n王\tB-PER\n李\tS-PER\n\n明\tE-PER\n天\tB-ORG\n\n长\tB-LOC\n城\tE-LOC\n李\tS-PER\n")
    corpus = read_examples(path)
    assert [list(example.tags) for example in corpus] == [
        ["B-LOC", "I-LOC", "B-PER", "B-PER"],
        ["B-PER", "B-ORG"],
        ["B-LOC", "I-LOC", "B-PER"],
    ]
    assert [(v.line, v.before, v.tag) for v in corpus.violations] == [
        (4, "B-PER", "S-PER"),
        (6, "the start of the sentence", "E-PER"),
        (7, "B-ORG", "the end of the sentence"),
    ]


def test_oddities_are_noted(data):
    assert read_examples(data("中\tO\n \t \n国\tO")).notes == {"blank line with spaces or tabs": 1, "last line without a line end": 1}
    assert not read_examples(data(columns(*TWO))).notes


def test_reading_twice_starts_over(data):
    reader = ExampleReader(data("京\tI-LOC\n\n中\n\n国\tO\n"), on_bad_line="skip")
    assert list(reader) == list(reader)
    assert len(reader.violations) == 1
    assert reader.skipped == {"missing tag": 1}


ENDLESS = "a sentence of more than 11 lines, expected a blank line after each sentence"
# Why, the columns after the character of a good line of that file, the file, the line at fault, the message.
COLUMN_MISTAKES = [
    ("mixed separators", "\tO", "中\tO\n国 O\n", 2, "a space as separator, expected a tab as in line 1"),
    ("mixed separators", " O", "\n中 O\n国\tO\n", 3, "a tab as separator, expected a space as in line 2"),
    ("missing tag", "\tO", "中\tO\n国\n", 2, "'国' without a tag, expected a character, a tab or space, and its tag"),
    ("missing tag", "\tO", "中\tO\n国\t\n", 2, "'国' without a tag, expected a character, a tab or space, and its tag"),
    ("missing tag", " O", "中 O\n国\n", 2, "'国' without a tag, expected a character, a tab or space, and its tag"),
    ("missing tag", "\tO", "中\n国\tO\n", 1, "'中' without a tag, expected a character, a tab or space, and its tag"),
    ("missing character", "\tO", "中\tO\n\tO\n", 2, "'\\tO' without a character, expected a character, a tab or space, and its tag"),
    ("missing character", " O", "中 O\n O\n", 2, "' O' without a character, expected a character, a tab or space, and its tag"),
    ("columns", "\tNN\tO", "中\tNN\tO\n国\tO\n", 2, "2 columns, expected 3 as in line 1"),
    ("columns", " O", "中 O\n国 NN O\n", 2, "3 columns, expected 2 as in line 1"),
    ("not a tag", "\tO", "中\tO\n国\tNN\n", 2, "'NN' in the last column, expected a tag such as O or B-PER"),
    ("not a tag", "\tO", "中\tO\n国\tb-loc\n", 2, "'b-loc' in the last column, expected a tag such as O or B-PER"),
    (
        "tag of another scheme",
        "\tO",
        "北\tB-LOC\n京\tI-LOC\n的\tO\n中\tB-LOC\n国\tE-LOC\n\n好\tO\n",
        5,
        "tag 'E-LOC', expected a BIO tag (O, B-…, I-…) as in the rest of the file",
    ),
    (
        "tag of another scheme",
        "\tO",
        "长\tB-LOC\n安\tM-LOC\n城\tE-LOC\n王\tS-PER\n\n中\tB-LOC\n国\tI-LOC\n",
        7,
        "tag 'I-LOC', expected a BMES tag (O, B-…, M-…, E-…, S-…) as in the rest of the file",
    ),
    ("unknown label", "\tO", "中\tO\n王\tB-GPE\n", 2, "label 'GPE', expected one of LOC, ORG, PER"),
    (
        "invalid UTF-8",
        "\tO",
        "中\tO\n国\tO\n".encode() + "人\tO\n".encode("gb18030"),
        3,
        "byte 0xc8 at byte 1 of the line, expected UTF-8 text (convert the file from its encoding, such as GB18030)",
    ),
    (
        "invalid UTF-8",
        "\tO",
        b"\xef\xbb\xbf\xe4\xb8\xad\xff\tO\n",
        1,
        "byte 0xff at byte 4 of the line, expected UTF-8 text (convert the file from its encoding, such as GB18030)",
    ),
    ("sentence without end", "\tO", "中\tO\n\n" + "国\tO\n" * 12, 3, ENDLESS),
]
TYPES = ("PER", "LOC", "ORG")
LIMIT = 11


@pytest.mark.parametrize("reason, good_columns, content, line, message", COLUMN_MISTAKES)
def test_column_mistakes(data, reason, good_columns, content, line, message):
    path = data(content)
    with pytest.raises(DataError) as e:
        read_examples(path, types=TYPES, max_sentence_lines=LIMIT)
    assert str(e.value) == f"{path}:{line}: found {message}"


@pytest.mark.parametrize("reason, good_columns, content, line, message", COLUMN_MISTAKES)
def test_sentences_with_column_mistakes_are_skipped_and_counted(data, reason, good_columns, content, line, message):
    content = content.encode() if isinstance(content, str) else content
    path = data(content + f"\n好{good_columns}\n".encode())
    corpus = read_examples(path, types=TYPES, max_sentence_lines=LIMIT, on_bad_line="skip")
    assert corpus[-1].text == "好"
    assert "国" not in "".join(example.text for example in corpus)
    assert corpus.skipped == {reason: 1}
    assert corpus.first_skipped == {reason: f"{path}:{line}: found {message}"}


def line_of(**values):
    return json.dumps(values, ensure_ascii=False)


def entity(start, end, label="LOC", **more):
    return {"start": start, "end": end, "label": label, **more}


JSON_MISTAKES = [
    (
        "span outside its text",
        line_of(text="北京", entities=[entity(0, 3)]),
        "LOC at [0, 3), expected a non-empty span inside the text of 2 characters",
    ),
    (
        "span outside its text",
        line_of(text="北京", label={"LOC": {"京": [[1, 2]]}}),
        "LOC at [1, 3), expected a non-empty span inside the text of 2 characters",
    ),
    (
        "span outside its text",
        line_of(text="北京", entities=[entity(1, 1)]),
        "LOC at [1, 1), expected a non-empty span inside the text of 2 characters",
    ),
    (
        "span outside its text",
        line_of(text="北京", entities=[entity(-2, -1)]),
        "LOC at [-2, -1), expected a non-empty span inside the text of 2 characters",
    ),
    (
        "overlapping spans",
        line_of(text="北京大学", entities=[entity(1, 4, "ORG"), entity(0, 2)]),
        "ORG '京大学' at [1, 4) overlapping LOC '北京' at [0, 2), expected entities that do not overlap",
    ),
    (
        "overlapping spans",
        line_of(text="北京", label={"LOC": {"北京": [[0, 1]]}, "ORG": {"北京": [[0, 1]]}}),
        "ORG '北京' at [0, 2) overlapping LOC '北京' at [0, 2), expected entities that do not overlap",
    ),
    (
        "span text",
        line_of(text="在北京", label={"LOC": {"北京": [[0, 1]]}}),
        "LOC '在北' at [0, 2) named '北京', expected the text at its offsets (Unicode code points)",
    ),
    (
        "span text",
        line_of(text="在北京", entities=[entity(0, 2, text="北京")]),
        "LOC '在北' at [0, 2) named '北京', expected the text at its offsets (Unicode code points)",
    ),
    ("unknown label", line_of(text="在北京", entities=[entity(1, 3, "GPE")]), "label 'GPE', expected one of LOC, ORG, PER"),
    (
        "not JSON",
        '{"text": "北京", "entities": [',
        "invalid JSON (Expecting value at character 29), expected one JSON object per line",
    ),
    ("not JSON", '"北京"', "a JSON string, not an object, expected one JSON object per line"),
    ("not JSON", "[" * 100_000, "invalid JSON (nested too deeply), expected one JSON object per line"),
    pytest.param(
        "not JSON",
        '{"text": ' + "7" * 5_000 + "}",
        "invalid JSON (a number too long), expected one JSON object per line",
        marks=pytest.mark.skipif(not hasattr(sys, "get_int_max_str_digits"), reason="this Python converts numbers of any length"),
    ),
    ("missing text", line_of(entities=[]), "no 'text', expected a non-empty string"),
    ("missing text", line_of(text="", entities=[]), "'text': \"\", expected a non-empty string"),
    ("missing text", line_of(text=["北"], entities=[]), "'text': [\"北\"], expected a non-empty string"),
    (
        "missing label",
        line_of(id=3, text="北京"),
        "the keys 'id', 'text', expected 'text' with 'entities' or 'labels' with a list of objects",
    ),
    ("structure", line_of(text="北京", entities={}), "entities as a JSON object, expected a list"),
    (
        "structure",
        line_of(text="北京", entities=[7]),
        "an entity as a JSON number, expected an object with start, end and label; known are",
    ),
    (
        "structure",
        line_of(text="北京", entities=[[0, 2]]),
        "an entity [0, 2], expected [start, end, label] with whole numbers and a string",
    ),
    ("structure", line_of(text="北京", label=["LOC"]), "an entity as a JSON string, expected an object with start, end and label; known"),
    ("structure", line_of(text="北京", labels={"LOC": {}}), "labels as a JSON object, expected a list, or 'entities' or 'labels' with"),
    ("structure", line_of(text="北京", labels=[[0, 2, "LOC"]], entities=[entity(0, 2)]), "entities both in 'entities' and in 'labels', "),
    ("not JSON", '{"text": "北京", "text": "京", "entities": []}', "the key 'text' twice in one object, expected one JSON object"),
    ("structure", line_of(text="北京", entities=[{"start": 0, "label": "LOC"}]), "no 'end', expected a whole number"),
    ("structure", line_of(text="北京", entities=[entity(True, 2)]), "'start': true, expected a whole number"),
    ("structure", line_of(text="北京", entities=[entity(0, 1.5)]), "'end': 1.5, expected a whole number"),
    ("structure", line_of(text="北京", entities=[entity(0, 2, None)]), "'label': null, expected a string"),
    ("structure", line_of(text="北京", entities=[entity(0, 2, "")]), "entity type '', expected a name without white space"),
    ("structure", line_of(text="北京", label={"LOC": [0, 2]}), "a label of another form, expected {type: {name: [[start, end], …]}}"),
    ("structure", line_of(text="北京", label={"LOC": {"北京": [0, 1]}}), "place 0 of '北京', expected [start, end] in whole numbers"),
    ("structure", line_of(text="北京", label={"LOC": {"北京": 3}}), "places of '北京' as a JSON number, expected {type: "),
    ("invalid Unicode", '{"text": "\\ud83d", "entities": []}', "half of a surrogate pair in the text, expected Unicode text"),
    (
        "invalid UTF-8",
        b'{"text": "\xd6", "entities": []}',
        "byte 0xd6 at byte 11 of the line, expected UTF-8 text (convert the file from its encoding, such as GB18030)",
    ),
]


def with_good_line(content):
    good = line_of(text="好", entities=[]).encode()
    return good + b"\n" + (content if isinstance(content, bytes) else content.encode()) + b"\n" + good


@pytest.mark.parametrize("reason, content, message", JSON_MISTAKES)
def test_json_mistakes(data, reason, content, message):
    path = data(with_good_line(content))
    with pytest.raises(DataError) as e:
        read_examples(path, types=TYPES)
    assert str(e.value).startswith(f"{path}:2: found {message}")
    assert "\n" not in str(e.value)


@pytest.mark.parametrize("reason, content, message", JSON_MISTAKES)
def test_json_mistakes_are_skipped_and_counted(data, reason, content, message):
    corpus = read_examples(data(with_good_line(content)), types=TYPES, on_bad_line="skip")
    assert [(example.text, example.line) for example in corpus] == [("好", 1), ("好", 3)]
    assert corpus.skipped == {reason: 1}


@pytest.mark.parametrize(
    "content",
    [columns(*TWO), columns(*TWO, separator=" ", newline="\r\n"), columns((TEXT, BMES)), json_lines(CLUENER), json_lines(ENTITIES)],
    ids=["tabs", "spaces", "BMES", "cluener", "entities"],
)
def test_damaged_files_are_read_or_refused_in_one_line(data, content):
    """A few bytes replaced, removed or inserted anywhere, 400 times per format: never another exception, never a wrong length."""
    rng = random.Random(13)
    refused = 0
    for _ in range(400):
        damaged = bytearray(content.encode())
        for _ in range(rng.randrange(1, 5)):
            start = rng.randrange(len(damaged))
            damaged[start : start + rng.randrange(3)] = rng.choice(
                [b"", b"\n", b"\t", b" ", b"\r", b"\x00", b'"', b"9", bytes([rng.randrange(256)])]
            )
        path = data(bytes(damaged))
        for on_bad_line in ("error", "skip"):
            try:
                assert all(len(example.text) == len(example.tags) > 0 for example in read_examples(path, on_bad_line=on_bad_line))
            except DataError as e:
                refused += 1
                assert str(e).startswith(str(path))
                assert len(str(e).splitlines()) == 1
    assert refused > 100


@pytest.mark.parametrize("on_bad_line", ["error", "skip"])
@pytest.mark.parametrize(
    "content, message",
    [
        (b"", "found an empty file, expected labelled sentences"),
        (b"\xef\xbb\xbf", "found blank lines only, expected labelled sentences"),
        (b"\n\r\n \t\n\n", "found blank lines only, expected labelled sentences"),
        ("中\tO\n".encode("utf-16"), "found UTF-16 text, expected UTF-8 (convert the file)"),
        (b"[]", "found no sentence to use, expected at least one"),
        (b"-DOCSTART- O\n\n", "found no sentence to use, expected at least one"),
    ],
)
def test_files_without_anything_to_read(data, content, message, on_bad_line):
    path = data(content)
    with pytest.raises(DataError) as e:
        read_examples(path, on_bad_line=on_bad_line)
    assert str(e.value) == f"{path}: {message}"


def test_a_file_of_bad_lines_only(data):
    path = data("中\n\n国\n\n\tO\n")
    with pytest.raises(DataError) as e:
        read_examples(path, on_bad_line="skip")
    expected = "expected a character, a tab or space, and its tag"
    assert str(e.value) == (
        f"{path}: found no sentence to use, expected at least one; left out: missing tag 2 (line 1: found '中' without a tag, {expected}), "
        f"missing character 1 (line 5: found '\\tO' without a character, {expected})"
    )


def test_files_that_cannot_be_opened(tmp_path):
    with pytest.raises(DataError) as e:
        read_examples(tmp_path / "none")
    assert str(e.value) == f"{tmp_path / 'none'}: cannot read labelled sentences: No such file or directory"
    with pytest.raises(DataError, match="cannot read labelled sentences: Is a directory"):
        read_examples(tmp_path)


def test_given_scheme(data):
    path = data(columns((OTHER_TEXT, OTHER_BMES)))
    with pytest.raises(DataError) as e:
        read_examples(path, scheme="BIO")
    assert str(e.value) == f"{path}:1: found tag 'S-PER', expected a BIO tag (O, B-…, I-…) as the given scheme says"


def test_unknown_policy(data):
    with pytest.raises(FieldError, match="^on_bad_line: found 'ignore', expected one of error, skip"):
        read_examples(data(columns(*TWO)), on_bad_line="ignore")


def test_an_example_holds_one_tag_per_character():
    with pytest.raises(ValueError, match="2 characters and 1 tags"):
        Example("北京", ("O",))


@pytest.mark.parametrize(
    "names",
    [
        {"train": "train.txt", "dev": "valid.txt", "test": "test.txt"},
        {"train": "train.char.bmes", "dev": "dev.char.bmes", "test": "test.char.bmes"},
        {"train": "train.json", "dev": "validation.jsonl"},
        {"train": "example.train", "dev": "example.dev", "test": "example.test"},
        {"train": "msra_train_bio.txt", "test": "msra_test_bio.txt"},
        {"train": "train", "dev": "val", "test": "TEST.tsv"},
    ],
)
def test_splits_are_found_by_their_usual_names(tmp_path, names):
    for split, name in names.items():
        write(tmp_path / name, columns((split, ["O"] * len(split))))
    for other in ("README.md", "train.txt.bak", ".train.txt.swp", "train.txt~", "vocab.txt", "train_dev.txt", "test.zip"):
        write(tmp_path / other, "other")
    (tmp_path / "train.d").mkdir()
    for split in ("train", "dev", "test"):
        corpus = read_split(tmp_path, split, required=False)
        assert (corpus and corpus[0].text) == (split if split in names else None)


def test_split_mistakes(tmp_path):
    with pytest.raises(DataError) as e:
        read_split(tmp_path / "none", "train")
    assert str(e.value) == f"{tmp_path / 'none'}: cannot read the data directory: No such file or directory"
    with pytest.raises(DataError) as e:
        read_split(tmp_path, "dev")
    assert str(e.value) == f"{tmp_path}: found no dev file, expected one named like dev.txt or dev.json"
    for name in ("train.txt", "train.json"):
        write(tmp_path / name, columns(*TWO))
    with pytest.raises(DataError) as e:
        read_split(tmp_path, "train", required=False)
    assert str(e.value) == f"{tmp_path}: found train.json and train.txt, expected one train file"
