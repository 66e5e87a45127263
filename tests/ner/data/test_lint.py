"""Data lint: each finding where it is, its severity, and the exit code."""

import io
import json
import pathlib
import subprocess
import sys

import pytest
import sentencepiece

from albert.errors import FieldError
from ner.data.lint import MIN_ENTITIES, lint, read_for_lint
from ner.data.readers import read_examples

ROOT = pathlib.Path(__file__).parents[3]


def column_file(*sentences):
    return "\n".join("".join(f"{c}\t{tag}\n" for c, tag in zip(text, tags)) for text, tags in sentences)


def numbered(count, first=0):
    """Different sentences with one LOC and one PER each."""
    return [(f"{i:03}在京王明", ["O", "O", "O", "O", "B-LOC", "B-PER", "I-PER"]) for i in range(first, first + count)]


CLEAN_TRAIN = numbered(MIN_ENTITIES)
CLEAN_TEST = numbered(23, first=MIN_ENTITIES)


@pytest.fixture
def check(tmp_path):
    """Writes train and test and returns the report's findings as {(check, where): finding}."""

    def run(train, test, **options):
        corpora = {}
        for name, content in (("train", train), ("test", test)):
            path = tmp_path / f"{name}.txt"
            path.write_text(content if isinstance(content, str) else column_file(*content), encoding="utf-8")
            corpora[name] = read_examples(path, on_bad_line="skip")
        report = lint(corpora, **options)
        assert len({(f.check, f.where, f.message) for f in report.findings}) == len(report.findings)
        return report, {(f.check, f.where): f for f in report.findings}

    return run


def test_clean_data_has_no_findings(check):
    report, findings = check(CLEAN_TRAIN, CLEAN_TEST, max_seq_length=9, tokenizer=Tokenizer("0123456789在京王明"))
    assert findings == {}
    assert not report.has_errors
    assert report.format().endswith("\n\n0 errors, 0 warnings")


def test_statistics(check):
    report, _ = check([("京城", ["B-LOC", "I-LOC"]), ("京" * 9, ["O"] * 9), ("城" * 17, ["I-LOC"] + ["O"] * 16)], CLEAN_TEST)
    split = report.splits["train"]
    assert (split.sentences, split.characters, split.max_length) == (3, 28, 17)
    assert split.mean_length == pytest.approx(28 / 3)
    assert split.outside_share == pytest.approx(25 / 28)
    assert split.lengths == {8: 1, 16: 1, 32: 1}
    assert (split.entities, split.strict_entities) == ({"LOC": 2}, 1)
    assert (split.file_format, split.scheme) == ("columns", "BIO")


def test_scheme_violations_are_listed_with_their_lines(check, tmp_path):
    odd = ("王京", ["I-PER", "I-LOC"])
    report, findings = check([*CLEAN_TRAIN, odd], CLEAN_TEST, max_places=1)
    finding = findings["scheme violation", "train"]
    first_line = 8 * MIN_ENTITIES + 1
    assert (finding.severity, finding.count) == ("error", 2)  # two in 102 entities
    assert finding.places == (f"{tmp_path / 'train.txt'}:{first_line}: I-PER after the start of the sentence",)
    assert "… and 1 more" in report.format()
    _, findings = check([*numbered(200), odd], CLEAN_TEST)
    assert findings["scheme violation", "train"].severity == "warning"  # two in 402


def test_labels_that_train_does_not_have(check, tmp_path):
    _, findings = check(CLEAN_TRAIN, [*CLEAN_TEST, ("校", ["B-ORG"])])
    finding = findings["unknown label", "test"]
    assert (finding.severity, finding.count) == ("error", 1)
    assert finding.message == "1 sentences with labels that train does not have: ORG"
    assert finding.places == (f"{tmp_path / 'test.txt'}:{8 * len(CLEAN_TEST) + 1}: 校",)


def test_rare_and_missing_labels(check):
    _, findings = check(CLEAN_TRAIN[1:], CLEAN_TEST)
    assert findings["rare label", "train"].severity == "warning"
    assert findings["rare label", "train"].count == MIN_ENTITIES - 1
    _, findings = check([("中", ["O"])], [("国", ["O"])])
    assert findings["no entity", "train"].severity == "error"
    assert findings["no entity", "test"].severity == "warning"


@pytest.mark.parametrize("split", ["dev", "test"])
def test_a_set_to_score_on_without_entities(tmp_path, split):
    corpora = {}
    for name, sentences in (("train", CLEAN_TRAIN), (split, [("今天天气", ["O"] * 4), ("他", ["O"])])):
        (tmp_path / f"{name}.txt").write_text(column_file(*sentences), encoding="utf-8")
        corpora[name] = read_examples(tmp_path / f"{name}.txt")
    (finding,) = lint(corpora).findings
    assert finding[:3] == (("error" if split == "dev" else "warning"), "no entity", split)
    assert finding.message.startswith("no entity at all, every ")


def test_repeated_and_contradicting_sentences(check, tmp_path):
    again = CLEAN_TRAIN[3]
    _, findings = check([*CLEAN_TRAIN, again], CLEAN_TEST)
    assert findings["duplicate", "train"][:4] == ("warning", "duplicate", "train", 1)
    assert ("contradiction", "train") not in findings
    _, findings = check([*CLEAN_TRAIN, (again[0], ["O"] * 7)], CLEAN_TEST)
    assert findings["contradiction", "train"].places == (f"{tmp_path / 'train.txt'}:{8 * MIN_ENTITIES + 1}: {again[0]}",)


@pytest.mark.parametrize("shared, severity", [(1, "warning"), (2, "error")])
def test_test_sentences_in_train(check, shared, severity):
    _, findings = check(CLEAN_TRAIN, [*CLEAN_TEST, *CLEAN_TRAIN[:shared]])
    finding = findings["leak", "train, test"]
    assert (finding.severity, finding.count) == (severity, shared)
    assert finding.message == f"{shared} of {23 + shared} test sentences are in train too"


def test_entities_at_the_chosen_length(check):
    tags = ["O"] * 5 + ["B-LOC"] + ["I-LOC"] * 3 + ["O"] + ["B-PER", "I-PER"]
    train = [*CLEAN_TRAIN, ("一二三四五长江大桥的王明", tags)]
    _, findings = check(train, CLEAN_TEST, max_seq_length=2 + 10)
    finding = findings["long sentence", "train"]
    assert (finding.severity, finding.count) == ("info", 1)
    assert finding.message == (
        "1 sentences longer than 10 characters, the window of 12 tokens: truncation would lose 1 entities, windows cut 0"
    )
    _, findings = check(train, CLEAN_TEST, max_seq_length=2 + 3)
    assert findings["long sentence", "train"].severity == "warning"
    assert "windows cut 1" in findings["long sentence", "train"].message
    with pytest.raises(FieldError, match="^max_seq_length: found 2, expected more than 2"):
        check(train, CLEAN_TEST, max_seq_length=2)


class Tokenizer:
    """The part of a tokenizer that lint uses."""

    unk_id = 7

    def __init__(self, known):
        self._known = known

    def encode(self, text):
        return [100 + i if c in self._known else self.unk_id for i, c in enumerate(text)]


def test_characters_outside_the_vocabulary(check):
    _, findings = check(CLEAN_TRAIN, [*CLEAN_TEST, ("龘龘靐", ["O"] * 3)], tokenizer=Tokenizer("0123456789在京王明"))
    finding = findings["unknown character", "test"]
    assert (finding.severity, finding.count) == ("warning", 3)
    assert finding.message == "3 of 164 characters (2 different) are not in the vocabulary; most often '龘' 2, '靐' 1"
    _, findings = check(CLEAN_TRAIN, CLEAN_TEST, tokenizer=Tokenizer("0123456789在京王"))
    assert findings["unknown character", "train"].severity == "error"


def test_what_reading_noticed(check, tmp_path):
    content = column_file(*CLEAN_TRAIN) + "\n国\n\n \n\u3000\tO\n\nUN\tO"
    _, findings = check(content, CLEAN_TEST)
    bad = findings["bad line", "train"]
    assert (bad.severity, bad.count) == ("error", 1)
    assert bad.places == (
        f"{tmp_path / 'train.txt'}:{8 * MIN_ENTITIES + 1}: found '国' without a tag, expected a character, a tab or space, and its tag",
    )
    assert findings["blank sentence", "train"].places[0].startswith(f"{tmp_path / 'train.txt'}:{8 * MIN_ENTITIES + 4}: ")


def test_oddities_are_warnings(check):
    report, _ = check(column_file(*CLEAN_TRAIN) + "\n \nUN\tO", CLEAN_TEST)
    assert [(f.severity, f.message) for f in report.findings] == [
        ("warning", "1 × blank line with spaces or tabs"),
        ("warning", "1 × last line without a line end"),
        ("warning", "1 × token of several characters"),
    ]


def run_command(*arguments):
    return subprocess.run([sys.executable, "-m", "ner.data.lint", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.fixture
def data_dir(tmp_path):
    (tmp_path / "train.txt").write_text(column_file(*CLEAN_TRAIN), encoding="utf-8")
    (tmp_path / "test.txt").write_text(column_file(*CLEAN_TEST), encoding="utf-8")
    return tmp_path


def test_the_command_on_clean_data(data_dir):
    result = run_command(f"--data_dir={data_dir}")
    assert (result.returncode, result.stderr) == (0, "")
    train_line = result.stdout.splitlines()[1]
    assert train_line.split()[:5] == ["train", "columns", "BIO", "50", "350"]
    assert result.stdout.endswith("0 errors, 0 warnings\n")


def test_the_command_on_data_with_errors_as_json(data_dir):
    (data_dir / "test.txt").write_text(column_file(*CLEAN_TRAIN[:1], ("校", ["B-ORG"])), encoding="utf-8")
    vocab = data_dir / "vocab.txt"
    vocab.write_text("\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *"0123456789在京王明"]) + "\n", encoding="utf-8")
    result = run_command(f"--data_dir={data_dir}", "--format=json", f"--vocab_file={vocab}", "--max_seq_length=8")
    assert (result.returncode, result.stderr) == (1, "")
    report = json.loads(result.stdout)
    found = [(f["severity"], f["check"], f["where"], f["count"]) for f in report["findings"]]
    assert found == [
        ("error", "unknown character", "test", 1),
        ("error", "unknown label", "test", 1),
        ("error", "leak", "train, test", 1),
        ("info", "long sentence", "train", 50),
        ("info", "long sentence", "test", 1),
    ]
    assert (report["errors"], report["warnings"]) == (3, 0)
    assert report["splits"]["train"]["entities"] == {"LOC": 50, "PER": 50}


def train_sentencepiece(path):
    """A model of the characters of ``CLEAN_TRAIN``."""
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter([" ".join(text) + " " + text for text, _ in CLEAN_TRAIN]),
        model_writer=model,
        model_type="char",
        vocab_size=100,
        hard_vocab_limit=False,
        character_coverage=1.0,
        pad_id=0,
        unk_id=1,
        bos_id=-1,
        eos_id=-1,
        control_symbols="[CLS],[SEP],[MASK]",
        minloglevel=2,
    )
    path.write_bytes(model.getvalue())
    return path


def test_the_command_with_a_sentencepiece_model(data_dir):
    (data_dir / "test.txt").write_text(column_file(("龘京", ["O", "B-LOC"])), encoding="utf-8")
    path = train_sentencepiece(data_dir / "spm.model")
    result = run_command(f"--data_dir={data_dir}", f"--spm_model_file={path}")
    assert "test: 1 of 2 characters (1 different) are not in the vocabulary; most often '龘' 1\n" in result.stdout
    assert "train: 0 of" not in result.stdout
    both = run_command(f"--data_dir={data_dir}", f"--spm_model_file={path}", f"--vocab_file={path}")
    assert (both.returncode, both.stdout) == (1, "")
    assert both.stderr.count("\n") == 1


UNREAD = {
    "unlabelled.json": ('{"id": 0, "text": "京"}\n', "warning", "unlabelled", "texts without labels, which cannot be scored; "),
    "empty.txt": ("", "error", "unreadable", "found an empty file, expected labelled sentences"),
    "gbk.txt": ("京\tO\n".encode("gbk"), "error", "unreadable", "invalid UTF-8 1 (line 1: found byte 0xbe at byte 1"),
    "plain.txt": ("张三去过北京\n李四在上海\n", "error", "unreadable", "missing tag 1 (line 1: found '张三去过北京' without a tag"),
    "array.json": ('[{"text": "京"}]', "error", "unreadable", "found no sentence to use, expected at least one; left out: missing label 1"),
    "other.json": ('{"text": "京", "spans": [1]}\n', "error", "unreadable", "missing label 1 (line 1: found the keys 'text', 'spans'"),
}


@pytest.mark.parametrize("name", UNREAD)
@pytest.mark.parametrize("split", ["dev", "test", "train"])
def test_a_split_that_cannot_be_read_is_a_finding(tmp_path, name, split):
    content, severity, kind, message = UNREAD[name]
    for other in {"train", "dev", "test"} - {split}:
        (tmp_path / f"{other}.txt").write_text(column_file(*CLEAN_TRAIN), encoding="utf-8")
    path = tmp_path / f"{split}.{name.split('.')[1]}"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    corpus, findings = read_for_lint(tmp_path, split)
    assert corpus is None
    assert [(f.severity, f.check, f.where) for f in findings] == [(severity, kind, split)]
    assert message in findings[0].message
    assert "\n" not in findings[0].message
    report = lint({other: read_for_lint(tmp_path, other)[0] for other in {"train", "dev", "test"} - {split}}, findings=findings)
    assert findings[0] in report.findings
    assert f"{severity:<7}  {split}: {findings[0].message}" in report.format()


def test_two_files_of_one_split_are_a_finding(tmp_path):
    for name in ("test.txt", "test.json"):
        (tmp_path / name).write_text(column_file(*CLEAN_TEST), encoding="utf-8")
    _, findings = read_for_lint(tmp_path, "test")
    assert [f.message for f in findings] == [f"{tmp_path}: found test.json and test.txt, expected one test file"]


def test_nothing_readable_at_all_is_a_report(tmp_path):
    (tmp_path / "train.txt").write_text("张三\n", encoding="utf-8")
    result = run_command(f"--data_dir={tmp_path}")
    assert (result.returncode, result.stderr) == (1, "")
    assert "error    train: " in result.stdout
    assert "train.txt: found no sentence to use, expected at least one; left out: missing tag 1 (line 1: found '张三'" in result.stdout


@pytest.mark.parametrize(
    "arguments, code, message",
    [
        (["--data_dir=none"], 1, "error: none: cannot read the data directory: No such file or directory\n"),
        ([], 2, "error: --data_dir: not given; see --help\n"),
        (["--data_dir=none", "--format=xml"], 2, "error: flag --format=xml: value should be one of <table|json>\n"),
        (["none"], 2, None),
    ],
)
def test_the_command_used_wrongly(arguments, code, message):
    result = run_command(*arguments)
    assert (result.returncode, result.stdout) == (code, "")
    assert result.stderr.count("\n") == 1
    assert message in (None, result.stderr)
