"""Files as tools and people leave them: read where they have one meaning, and said; refused by name where they have not."""

import json
import pathlib

import pytest

from albert.text_file import NOTE_BOM, NOTE_CR
from ner.data.column_layout import NOTE_LABEL_STUDIO, NOTE_WEIBO
from ner.data.columns import NOTE_SPACE
from ner.data.placing import NOTE_TWICE
from ner.data.readers import Unlabelled, read_examples
from ner.errors import DataError

CASES = pathlib.Path(__file__).resolve().parents[4] / "shared" / "cases"
TEXT, TAGS = "王明在北京", ["B-PER", "I-PER", "O", "B-LOC", "I-LOC"]
ROWS = list(zip(TEXT, TAGS))
SECOND = [("李", "B-PER"), ("华", "I-PER")]
BOM = "\ufeff"


@pytest.fixture(name="read")
def _read(tmp_path):
    """A function that writes content to a file and reads it: the texts with their tags, and the notes."""

    def read(content, **options):
        path = tmp_path / "train.txt"
        path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8", "surrogatepass"))
        corpus = read_examples(path, **options)
        return [(example.text, list(example.tags)) for example in corpus], dict(corpus.notes)

    return read


def refusal(read, content, **options):
    with pytest.raises(DataError) as e:
        read(content, **options)
    message = str(e.value)
    assert "\n" not in message
    return message[message.index("train.txt") + len("train.txt:") :]


def block(rows, template="{token}\t{tag}", newline="\n", first=0):
    return "".join(template.format(token=c, tag=t, i=i, j=i + 1) + newline for i, (c, t) in enumerate(rows, first)) + newline


def contents(*sentences):
    return [("".join(c for c, _ in rows), [t for _, t in rows]) for rows in sentences]


@pytest.mark.parametrize(
    ("template", "count", "column"),
    [
        ("{j}\t{token}\tNR\t{tag}", 1, 2),
        ("{i}\t{token}\t{tag}", 1, 2),
        ("{j} {token} {tag}", 1, 2),
        ("{j}\t{token}\t_\t_\t{tag}", 1, 2),
    ],
)
def test_an_index_that_counts_in_each_sentence(read, template, count, column):
    found, notes = read(block(ROWS, template) + block(SECOND, template))
    assert found == contents(ROWS, SECOND)
    assert notes == {"line with an index in column 1": 7}


def test_an_index_that_counts_through_the_file_and_one_of_sentences(read):
    through = block(ROWS, "{j}\t{token}\t{tag}") + block(SECOND, "{j}\t{token}\t{tag}", first=5)
    assert read(through) == (contents(ROWS, SECOND), {"line with an index in column 1": 7})
    sentences = block(ROWS, "1\t{token}\t{tag}") + block(SECOND, "2\t{token}\t{tag}")
    assert read(sentences) == (contents(ROWS, SECOND), {"line with an index in column 1": 7})
    both = block(ROWS, "0\t{i}\t{token}\t{tag}") + block(SECOND, "1\t{i}\t{token}\t{tag}")
    assert read(both) == (contents(ROWS, SECOND), {"line with an index in column 1; line with an index in column 2": 7})


def test_digits_that_are_text(read):
    """A text of digits is text: where there is no other, and where the digits do not count."""
    year = list(zip("2019", ["B-DATE", "I-DATE", "I-DATE", "I-DATE"]))
    assert read(block(year, "{token}\tNT\t{tag}")) == (contents(year), {})
    short = list(zip("123", ["O", "O", "O"]))
    assert read(block(short)) == (contents(short), {})


def test_an_index_without_text_and_a_column_that_is_no_text_are_refused(read):
    index = "".join(block(SECOND * 3, "{j}\t{tag}") for _ in range(3))
    assert refusal(read, index).startswith(
        "1: found numbers that count the lines, and no other column beside the tag, expected a column wi"
    )
    words = "".join(block([("7", "O"), *SECOND * 2], "NR\t{token}\t{tag}") for _ in range(4))
    assert (
        refusal(read, words)
        == "1: found Chinese text such as '李' in column 2 and none in column 1 of all lines, expected the text in column 1"
    )
    segmented = "".join(block(SECOND * 3, "0\t{token}\t{tag}") for _ in range(3))
    assert refusal(read, segmented, on_bad_line="skip").startswith("1: found Chinese text such as '李' in column 2 and none in column 1")


@pytest.mark.parametrize(
    ("template", "column"), [("{tag}\t{token}", 1), ("{token}\t{tag}\t_", 2), ("{token} {tag} 0.98", 2), ("{tag} {token} NR", 1)]
)
def test_a_tag_that_is_not_in_the_last_column(read, template, column):
    found, notes = read(block(ROWS, template) + block(SECOND, template))
    assert found == contents(ROWS, SECOND)
    assert notes == {f"line with its tag in column {column}": 7}


def test_places_of_characters_in_words(read):
    """The second version of the Weibo corpus."""
    rows = [("王0", "B-PER.NAM"), ("明1", "I-PER.NAM"), ("买0", "O"), ("10", "O"), ("01", "O"), ("斤0", "O"), ("😀0", "O")]
    found, notes = read(block(rows) + block([("李0", "B-PER.NOM"), ("👨‍👩1", "O")]))
    assert found[0] == ("王明买10斤😀", ["B-PER.NAM", "I-PER.NAM", *["O"] * 5])
    assert found[1][0] == "李👨‍👩"
    assert notes[NOTE_WEIBO] == 9
    long = [("王0", "O"), *[(f"a{i}", "O") for i in range(12)]]
    assert read(block(long))[0][0][0] == "王" + "a" * 12


def test_places_that_do_not_count_are_refused_and_numbers_are_text(read):
    rows = [("王0", "O"), ("明1", "O"), ("在0", "O"), ("北0", "O"), ("京1", "O")] * 3
    assert refusal(read, block([*rows, ("明3", "O")])).startswith(
        "16: found token '明3' among tokens that end with their place in the word"
    )
    products = [("A1", "B-X"), ("和", "O"), ("B2", "B-X")]
    assert read(block(products))[0] == [("A1和B2", ["B-X", "I-X", "O", "B-X", "I-X"])]
    assert read(block([("10", "O"), ("20", "O"), ("30", "O")]))[0] == [("102030", ["O"] * 6)]


def test_label_studio(read):
    words = [("王明", "B-PER"), ("在", "O"), ("北京", "B-LOC"), ("工作", "O")]
    found, notes = read("-DOCSTART- -X- O\n" + block(words, "{token} -X- _ {tag}") * 2)
    assert found == [("王明在北京工作", ["B-PER", "I-PER", "O", "B-LOC", "I-LOC", "O", "O"])] * 2
    assert notes[NOTE_LABEL_STUDIO] == 8
    whole = "-DOCSTART- -X- O\n李华去过上海 -X- _ B-PER\n\n王明 -X- _ B-PER\n\n"
    message = (
        "2: found the whole text '李华去过上海' as one token of Label Studio's CoNLL export, which cuts at spaces alone, expected a token"
    )
    assert refusal(read, whole).startswith(message)
    assert refusal(read, whole, on_bad_line="skip").startswith(message)


def test_a_sentence_as_one_token(read):
    content = block(ROWS) + "王明在北京工作。李华在上海\tB-PER\n"
    assert refusal(read, content).startswith(
        "7: found the token '王明在北京工作。李华在上海', in which a sentence ends, expected a character or"
    )
    assert read(content, on_bad_line="skip")[0] == contents(ROWS)
    assert read("吃饭吗？\tO\n")[0] == [("吃饭吗？", ["O"] * 4)]


@pytest.mark.parametrize("newline", ["\r", "\r\r\n"])
def test_line_ends(read, newline):
    found, notes = read(block(ROWS, newline=newline) + block(SECOND, newline=newline))
    assert found == contents(ROWS, SECOND)
    assert notes == ({NOTE_CR: 9} if newline == "\r" else {})


def test_line_ends_of_joined_files_and_a_return_that_is_a_character(read):
    found, notes = read(block(ROWS) + block(SECOND, newline="\r") + block(ROWS, newline="\r\n"))
    assert found == contents(ROWS, SECOND, ROWS)
    assert notes == {NOTE_CR: 3}
    for separator in "\t ":
        rows = [("\r", "O"), ("王", "O"), ("\r", "O"), (BOM, "O")]
        for newline in ("\n", "\r\n", "\r"):
            assert read(block(rows, "{token}" + separator + "{tag}", newline) * 2)[0] == contents(rows, rows)
    line = json.dumps({"text": TEXT, "entities": []})
    assert read(f"{line}\r{line}\r\n{line}\r") == ([(TEXT, ["O"] * 5)] * 3, {NOTE_CR: 2})


def test_marks_where_files_were_joined(read):
    for newline in ("\n", "\r\n", "\r"):
        found, notes = read((BOM + block(ROWS, newline=newline)) * 3 + BOM + BOM + newline + block(SECOND, newline=newline))
        assert found == contents(ROWS, ROWS, ROWS, SECOND)
        assert notes[NOTE_BOM] == 3
    line = json.dumps({"text": TEXT, "entities": []})
    assert read(f"{BOM}{BOM}{line}\n{BOM}{line}") == ([(TEXT, ["O"] * 5)] * 2, {NOTE_BOM: 2})


def test_marks_and_returns_across_blocks(read, monkeypatch):
    monkeypatch.setattr("albert.text_file._BLOCK", 5)
    for shift in range(9):
        head = "一\tO\n" + "a" * shift + "二\tO\n"
        assert read(head + BOM + "王\tO\n")[0][0][0].endswith("王")
        assert BOM not in read(head + BOM + "王\tO\n")[0][0][0]
        assert read(head + "京\tO\r王\tO\r\n")[0][0][0].endswith("京王")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"])
def test_wide_encodings(read, encoding):
    assert "text, expected UTF-8 (convert the file)" in refusal(read, block(ROWS).encode(encoding), on_bad_line="skip")


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"PK\x03\x04" + b"x" * 99, "a zip archive (103 bytes): unpack it first"),
        (b"\x1f\x8b\x08" + b"x" * 99, "a gzip archive (102 bytes): unpack it first"),
        (b"<!DOCTYPE html>\n<html>404</html>\n", "an HTML page (33 bytes)"),
        (
            b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n",
            "a Git LFS pointer (63 bytes): the file itself was",
        ),
    ],
)
def test_what_is_no_text_is_named(read, content, found):
    assert refusal(read, content, on_bad_line="skip").startswith(f" found {found}")


def test_a_space_beside_a_character(read):
    assert read(block(ROWS, "{token} \t{tag}")) == (contents(ROWS), {NOTE_SPACE: 5})
    rows = [("王", "O"), (" ", "O"), ("　", "O"), ("\xa0", "O")]
    assert read(block(rows)) == (contents(rows), {})


DOCCANO = [
    {"id": 1, "text": TEXT, "label": [[0, 2, "PER"], [3, 5, "LOC"]]},
    {"text": TEXT, "labels": [[3, 5, "LOC"], [0, 2, "PER"]]},
    {"id": 1, "data": TEXT, "label": [[0, 2, "PER"], [3, 5, "LOC"]], "Comments": []},
    {
        "id": 1,
        "text": TEXT,
        "entities": [{"id": 4, "label": "PER", "start_offset": 0, "end_offset": 2}, {"label": "LOC", "start_offset": 3, "end_offset": 5}],
        "relations": [{"from_id": 4, "to_id": 5, "type": "in"}],
    },
    {"doc_id": 1, "text": TEXT, "entities": [[0, 2, "PER"], [3, 5, "LOC"]]},
    {"text": TEXT, "entities": [{"start": 0, "end": 2, "type": "PER"}, {"start": 3, "end": 5, "type": "LOC", "text": "北京"}]},
]


@pytest.mark.parametrize("values", DOCCANO)
def test_forms_of_json(read, values):
    assert read(json.dumps(values)) == ([(TEXT, TAGS)], {})


def test_formats_are_named(tmp_path):
    for values, name in zip([*DOCCANO, {"text": TEXT, "label": {"PER": {"王明": [[0, 1]]}}}], [*["doccano"] * 5, "entities", "cluener"]):
        (tmp_path / "train.json").write_text(json.dumps(values), encoding="utf-8")
        assert read_examples(tmp_path / "train.json").file_format == name


@pytest.mark.parametrize("key", ["entities", "label", "labels"])
def test_null_is_no_entity(read, key):
    assert read(json.dumps({"text": TEXT, key: None}))[0] == [(TEXT, ["O"] * 5)]
    assert read(json.dumps({"text": TEXT, key: []}))[0] == [(TEXT, ["O"] * 5)]
    assert read(json.dumps({"text": TEXT, "entities": [[0, 2, "PER"]], "label": None}))[0] == [(TEXT, ["B-PER", "I-PER", "O", "O", "O"])]


def test_an_entity_given_twice(read):
    for values in (
        {"text": TEXT, "labels": [[0, 2, "PER"], [3, 5, "LOC"], [0, 2, "PER"]]},
        {"text": TEXT, "label": {"PER": {"王明": [[0, 1], [0, 1]]}, "LOC": {"北京": [[3, 4]]}}},
    ):
        assert read(json.dumps(values)) == ([(TEXT, TAGS)], {NOTE_TWICE: 1})
    assert "overlapping" in refusal(read, json.dumps({"text": TEXT, "labels": [[0, 2, "PER"], [0, 2, "LOC"]]}))


EMOJI = "😀😀" + TEXT


def shifted(unit, name=True, text=EMOJI):
    """Entities of ``text`` with offsets in a unit."""
    size = {"utf-16": lambda s: len(s.encode("utf-16-le")) // 2, "utf-8": lambda s: len(s.encode()), "points": len}[unit]
    entities = []
    for entity, label in (("王明", "PER"), ("北京", "LOC")):
        start = size(text[: text.index(entity)])
        entities.append({"start": start, "end": start + size(entity), "label": label, **({"text": entity} if name else {})})
    return {"text": text, "entities": entities}


CONVERTED = {"utf-16": "text whose offsets count UTF-16 units, converted", "utf-8": "text whose offsets count UTF-8 bytes, converted"}
MAY = "text whose offsets may count {} and not Unicode code points: no entity has its text, which would prove it"


@pytest.mark.parametrize("unit", ["utf-16", "utf-8"])
def test_offsets_in_another_unit_are_converted_where_the_texts_prove_it(read, unit):
    tags = ["O", "O", *TAGS]
    assert read(json.dumps(shifted(unit))) == ([(EMOJI, tags)], {CONVERTED[unit]: 1})
    # What one text proves is taken for all of the file.
    lines = "\n".join(map(json.dumps, [shifted(unit, name=False), shifted(unit), shifted(unit, name=False, text="𠮷" + TEXT)]))
    assert read(lines) == ([(EMOJI, tags), (EMOJI, tags), ("𠮷" + TEXT, ["O", *TAGS])], {CONVERTED[unit]: 3})


def test_cluener_offsets_in_utf16(read):
    values = {"text": EMOJI, "label": {"PER": {"王明": [[4, 5]]}, "X": {"😀": [[0, 1]]}}}
    assert read(json.dumps(values)) == ([(EMOJI, ["B-X", "O", "B-PER", "I-PER", "O", "O", "O"])], {CONVERTED["utf-16"]: 1})


def test_offsets_that_nothing_proves_are_told(read):
    found, notes = read(json.dumps({"text": EMOJI, "entities": [{"start": 4, "end": 6, "label": "PER"}]}))
    assert (found[0][0][4:6], notes) == ("在北", {MAY.format("UTF-16 units"): 1})
    # doccano's, too; without characters beyond the BMP, or before them, the unit makes no difference.
    assert read(json.dumps({"text": EMOJI, "label": [[4, 6, "PER"]]}))[1] == {MAY.format("UTF-16 units"): 1}
    assert read(json.dumps({"text": TEXT + "😀", "label": [[0, 2, "PER"]]}))[1] == {}


def test_offsets_that_are_proved_need_no_word(read):
    proved = json.dumps(shifted("points"))
    unproved = json.dumps({"text": EMOJI, "labels": [[4, 6, "PER"]]})
    assert read(f"{proved}\n{unproved}")[1] == {}
    # In UTF-16 this would cut a character in two.
    disproved = json.dumps({"text": EMOJI, "labels": [[1, 3, "PER"]]})
    assert read(f"{disproved}\n{unproved}")[1] == {}


def test_offsets_that_fit_bytes_alone(read):
    bytes_ = [
        json.dumps({"text": "在北京的大学生活", "labels": [[3, 9, "LOC"]]}),
        json.dumps({"text": "在北京", "labels": [[3, 9, "LOC"]]}),
    ]
    message = "2: found LOC at [3, 9), expected a non-empty span inside the text of 3 characters; UTF-8 bytes would fit"
    good = json.dumps({"text": "一在北京的大学生活", "labels": [[3, 9, "LOC"]]})
    assert refusal(read, "\n".join([good, bytes_[1]])) == message
    found, notes = read("\n".join([good, bytes_[1]]), on_bad_line="skip")
    assert (len(found), notes) == (1, {MAY.format("UTF-8 bytes"): 1})


def test_an_unknown_form_names_the_line_the_keys_and_the_known_forms(read):
    lines = "\n".join([json.dumps({"id": 1, "text": TEXT, "spans": [{"begin": 0}]})] * 3)
    for policy in ("error", "skip"):
        message = refusal(read, lines, on_bad_line=policy)
        assert "1: found the keys 'id', 'text', 'spans', expected 'text' with 'entities' or 'labels' with a list of objects" in message
        assert "(doccano)" in message
        assert "(CLUENER)" in message
    assert "missing label 3" in message


def test_texts_without_labels_are_told_from_unknown_forms(tmp_path):
    path = tmp_path / "test.json"
    path.write_text('{"id": 0, "text": "张三"}\n{"id": 1, "text": "周五"}\n', encoding="utf-8")
    with pytest.raises(Unlabelled):
        read_examples(path, on_bad_line="skip")
    path.write_text('{"id": 0, "text": "张三", "spans": [1]}\n', encoding="utf-8")
    with pytest.raises(DataError) as e:
        read_examples(path, on_bad_line="skip")
    assert not isinstance(e.value, Unlabelled)


@pytest.mark.skipif(not CASES.is_dir(), reason="the cases are not here")
@pytest.mark.parametrize(
    ("name", "texts", "note"),
    [
        ("02-weibo-digits/train.txt", [TEXT], NOTE_WEIBO),
        ("16-index-column/train.txt", [TEXT, "李华"], "line with an index in column 1"),
        ("24-cr-only/train.txt", ["王明在北京工作"], NOTE_CR),
        ("28-concatenated-bom/train.txt", ["王明在北京工作", "李明在北京工作"], NOTE_BOM),
        ("03a-doccano-label-lists/train.jsonl", [TEXT], None),
        ("03b-doccano-labels/train.jsonl", [TEXT], None),
        ("03c-doccano-entities-offsets/train.jsonl", [TEXT], None),
        ("03d-doccano-entities-lists/train.jsonl", [TEXT], None),
        ("04-utf16-offsets/train.json", [EMOJI], MAY.format("UTF-16 units")),
    ],
)
def test_cases(name, texts, note):
    corpus = read_examples(CASES / name)
    assert [example.text for example in corpus] == texts
    assert list(corpus.notes) == ([note] if note else [])


@pytest.mark.skipif(not CASES.is_dir(), reason="the cases are not here")
def test_a_case_that_is_refused():
    with pytest.raises(DataError, match="train.txt:2: found the whole text '王明在北京工作了三年。' as one token of Label Studio's CoNLL"):
        read_examples(CASES / "01-labelstudio-conll" / "train.txt")
