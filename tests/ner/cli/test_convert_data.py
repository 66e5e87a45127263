"""albert-ner convert-data: what was read, what is written, and what is lost."""

import json

import pytest

from albert.errors import FieldError, UserError
from ner.cli.convert_data import ConvertData, run
from ner.data.readers import read_examples
from ner.tags import Span
from tests.ner.data.formats import samples
from tests.ner.data.formats.samples import NEXT, TEXT


def test_a_file_is_converted_and_what_is_lost_is_listed(tmp_path, capsys):
    path, output = samples.write(tmp_path, "label-studio"), tmp_path / "out.txt"
    run(ConvertData((str(path),), output_file=str(output)))
    assert capsys.readouterr().out.splitlines() == [
        f"{path}: read as label-studio (a JSON array of tasks): 2 sentences, 5 entities (LOC 1, ORG 1, PER 2, X 1)",
        "  1 × text whose offsets count UTF-16 units, converted",
        f"{output}: 2 sentences, 5 entities (LOC 1, ORG 1, PER 2, X 1)",
        "  not carried: 2 × field 'id' left out",
        "  not carried: 2 × field 'source' left out",
    ]
    assert output.read_text().startswith("王\tB-PER\n明\tI-PER\n在\tO\n")


def test_inputs_are_merged_types_renamed_and_dropped(tmp_path, capsys):
    path, other, output = samples.write(tmp_path, "doccano"), samples.write(tmp_path, "columns"), tmp_path / "out.jsonl"
    run(ConvertData((str(path), str(other)), output_format="entities", output_file=str(output), rename=("ORG=机构",), drop=("X", "LOC")))
    corpus = read_examples(output)
    assert [e.text for e in corpus] == [TEXT, NEXT] * 2
    assert corpus[2].spans() == corpus[0].spans() == [Span(0, 2, "PER"), Span(3, 7, "机构")]
    assert "2 sentences occur before, with the same entities" in capsys.readouterr().out


def test_splits(tmp_path):
    path = tmp_path / "all.jsonl"
    path.write_text("".join(json.dumps({"text": f"{n}北京", "label": [[1, 2, "X"]]}) + "\n" for n in range(10, 30)))
    run(ConvertData((str(path),), split=("0.8", "0.1", "0.1"), output_dir=str(tmp_path / "data"), output_format="brat"))
    found = [[e.text for e in read_examples(tmp_path / "data" / f"{split}.ann")] for split in ("train", "dev", "test")]
    assert list(map(len, found)) == [16, 2, 2]
    assert len(set(sum(found, []))) == 20
    with pytest.raises(FieldError, match="exists and is not overwritten"):
        run(ConvertData((str(path),), split=("1", "1"), output_dir=str(tmp_path / "data"), output_format="brat"))
    with pytest.raises(FieldError, match="too few documents"):
        run(ConvertData((str(samples.write(tmp_path, "doccano")),), split=("1", "1", "1"), output_dir=str(tmp_path / "few")))


def test_nothing_is_written_over_and_nothing_before_all_is_read(tmp_path):
    path, output = samples.write(tmp_path, "doccano"), tmp_path / "out.txt"
    (tmp_path / "bad.jsonl").write_text('{"text": "京", "label": [[0, 2, "X"]]}')
    with pytest.raises(UserError, match=r"bad.jsonl:1: found X at \[0, 2\)"):
        run(ConvertData((str(path), str(tmp_path / "bad.jsonl")), output_file=str(output)))
    assert not output.exists()
    output.write_text("old")
    with pytest.raises(FieldError, match="out.txt exists and is not overwritten"):
        run(ConvertData((str(path),), output_file=str(output)))
    assert output.read_text() == "old"
    with pytest.raises(UserError, match="cannot write: No such file or directory"):
        run(ConvertData((str(path),), output_file=str(tmp_path / "none" / "out.txt")))


@pytest.mark.parametrize(
    "options, message",
    [
        ({}, "found no output, expected output_file or, with split, output_dir"),
        ({"output_file": "a", "output_dir": "b"}, "found both, expected"),
        ({"output_dir": "b"}, "found one of them, expected both"),
        ({"output_dir": "b", "split": ("0.8",)}, "split: found 0.8, expected two or three numbers such as 0.8,0.1,0.1"),
        ({"output_dir": "b", "split": ("x", "1")}, "split: found x,1, expected two or three numbers"),
        ({"output_dir": "b", "split": ("nan", "1")}, "split: found nan,1, expected two or three numbers"),
        ({"output_file": "a", "rename": ("A",)}, "rename: found 'A', expected OLD=NEW"),
        ({"output_file": "a", "rename": ("A=B",), "drop": ("A",)}, "found 'A' twice, in rename or drop, expected it once"),
        ({"output_file": "a", "output_format": "xml"}, "output_format: found 'xml', expected one of brat, huggingface"),
    ],
)
def test_wrong_settings(options, message):
    with pytest.raises(FieldError, match=message):
        ConvertData(("x",), **options)


def test_inputs_are_needed():
    with pytest.raises(FieldError, match="not given, expected labelled files"):
        ConvertData(output_file="a")
