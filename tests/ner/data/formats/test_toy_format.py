"""A format of labelled data is one file: this one has ``PER: 王明`` lines after each text."""

import pytest

from ner.data import formats
from ner.data.formats.base import DataFormat, Opened, RawText
from ner.data.offsets import RawSpan
from ner.data.readers import read_examples
from ner.tags import Span


class Toy(DataFormat):
    """``# text``, and a line per entity."""

    name = "toy"

    def open(self, head):
        if not head.line.startswith("# "):
            return None

        def read(problems, notes):
            line, text, spans = 0, "", []
            for number, own in enumerate(head.file.lines(notes), 1):
                label, _, name = own.rstrip("\n").partition(" ")
                if label == "#":
                    if line:
                        yield RawText(line, text, spans)
                    line, text, spans = number, name, []
                else:
                    start = text.index(name)
                    spans.append(RawSpan(start, start + len(name), label, name))
            yield RawText(line, text, spans)

        return Opened(self.name, read)

    def lines(self, examples, scheme, lost):
        for example in examples:
            yield f"# {example.text}\n"
            yield from (f"{label} {example.text[start:end]}\n" for start, end, label in example.spans())


FORMAT = Toy()


@pytest.fixture(autouse=True)
def _registered(monkeypatch):
    monkeypatch.setattr(formats, "FORMATS", {"toy": (f"{__name__}.FORMAT", "a toy"), **formats.FORMATS})


def test_a_registered_format_is_told_from_the_others_read_and_written(tmp_path):
    path, back = tmp_path / "a.txt", tmp_path / "b.txt"
    path.write_text("# 王明在北京\nPER 王明\nLOC 北京\n# 李华\n")
    corpus = read_examples(path)
    assert (corpus.file_format, corpus[0].spans(), corpus[1].line) == ("toy", [Span(0, 2, "PER"), Span(3, 5, "LOC")], 4)
    assert "toy: a toy" in formats.describe()
    formats.find_format("toy").write(corpus.examples, str(back))
    assert back.read_text() == path.read_text()
