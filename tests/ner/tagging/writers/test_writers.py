"""Written output can be read again, whatever the text holds."""

import html.parser
import io
import json
import random
import re

import pytest

from ner.data.readers import read_examples
from ner.long_text.joining import Piece
from ner.tagging.text_input import InputText
from ner.tagging.writers import WRITERS, find_writer
from ner.tagging.writers.base import WriterOptions
from ner.tagging.writers.html import escape, hue
from ner.tags import Span, tags_from_spans

LABELS = ("LOC", "PER")
AWKWARD = '长江<script>alert("x")</script>&amp;[a|b]\\ \'\n\t\r\x00\x1b\x7f\x85\u202e\ud800\uffff😀e\u0301'


def tagged(text, spans, cuts=()):
    """Pieces of a text that are cut at some places."""
    tags = tags_from_spans(spans, len(text))
    borders = [0, *cuts, len(text)]
    return [
        Piece(a, tags[a:b], [(Span(*span), 0.5) for span in spans if a <= span[0] < b], b == len(text))
        for a, b in zip(borders, borders[1:])
    ]


def write(name, *texts, record=None, **options):
    out = io.StringIO()
    writer = find_writer(name)(out, WriterOptions(LABELS, **options))
    writer.start()
    for text, pieces in texts:
        writer.begin(InputText(text, record, 0))
        for piece in pieces:
            writer.piece(text, piece)
        writer.end()
    writer.finish()
    return out.getvalue()


def random_cases(count=200):
    rng = random.Random(1)
    for _ in range(count):
        text = "".join(rng.choices(AWKWARD, k=rng.randrange(30)))
        spans, position = [], 0
        while position < len(text):
            start = position + rng.randrange(5)
            end = min(start + rng.randrange(1, 6), len(text))
            if start < end:
                spans.append((start, end, rng.choice(LABELS)))
            position = max(end, position + 1)
        clean = [i for i in range(1, len(text)) if not any(s < i < e for s, e, _ in spans)]
        yield text, spans, sorted(rng.sample(clean, min(2, len(clean))))


@pytest.mark.parametrize("name", WRITERS)
def test_pieces_make_no_difference_and_output_is_utf8(name):
    for text, spans, cuts in random_cases(50):
        assert write(name, (text, tagged(text, spans))) == write(name, (text, tagged(text, spans, cuts)))
        assert write(name, (text, tagged(text, spans))).encode("utf-8")


def test_jsonl():
    for text, spans, _ in random_cases():
        line = write("jsonl", (text, tagged(text, spans)))
        assert line.count("\n") == 1
        record = json.loads(line)
        assert record["text"] == text
        assert [(e["start"], e["end"], e["label"], e["text"], e["score"]) for e in record["entities"]] == [
            (s, e, label, text[s:e], 0.5) for s, e, label in spans
        ]


def test_jsonl_passes_everything_else_through():
    record = '{"id": 12345678901234567890.10, "text": "长江", "a": {"b": [null, "\\ud800\\u957f"]} ,"z":1e400 }'
    line = write("jsonl", ("长江", tagged("长江", [(0, 2, "LOC")])), record=record, entities_field="names")
    assert line.startswith(record[:-1].rstrip() + ', "names": [{"start": 0')
    assert json.loads(line)["names"][0]["label"] == "LOC"


def test_bio_is_read_as_training_data(tmp_path):
    texts = [(text, tagged(text, spans)) for text, spans, _ in random_cases() if text]
    path = tmp_path / "tagged.bio"
    path.write_text(write("bio", *texts), encoding="utf-8", newline="\n")
    examples = read_examples(path)
    assert len(examples) == len(texts)
    for example, (text, pieces) in zip(examples, texts):
        assert example.text == re.sub("[\n\t]", " ", text).replace("\ud800", "\ufffd")
        assert list(example.tags) == pieces[0].tags


def test_inline_can_be_read_again():
    for text, spans, _ in random_cases():
        line = write("inline", (text, tagged(text, spans)))
        assert line.count("\n") == 1 and line.endswith("\n")
        plain, found, start, label = "", [], None, None
        for token in re.findall(r"\\.|.", line[:-1], re.DOTALL):
            if token == "[":
                start = len(plain)
            elif token == "|":
                label = ""
            elif token == "]":
                found.append((start, len(plain), label))
                label = None
            elif label is not None:
                label += token
            else:
                plain += {"\\n": "\n", "\\r": "\r"}.get(token, token[-1])
        assert plain == text.replace("\ud800", "\ufffd")
        assert found == spans


class Page(html.parser.HTMLParser):
    """The elements of a page, and the text of its paragraphs without the labels."""

    def __init__(self, page):
        super().__init__()
        self.elements, self.text, self.inside = set(), "", False
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.elements.add(tag)
        if tag in ("p", "b"):
            self.inside = tag == "p"

    def handle_endtag(self, tag):
        if tag in ("p", "b"):
            self.inside = tag == "b"

    def handle_data(self, data):
        if self.inside:
            self.text += data


def test_html_shows_markup_in_the_text_as_text():
    text = "李明<script>alert(1)</script></p><img src=x onerror=alert(1)>&amp;\"'"
    page = write("html", (text, tagged(text, [(0, 10, "PER"), (12, 30, "LOC")])))
    assert page.count("<script") == 0
    parsed = Page(page)
    assert parsed.elements == {"html", "head", "meta", "title", "style", "body", "header", "main", "p", "mark", "b"}
    assert parsed.text == text
    assert "default-src 'none'" in page


def test_html_shows_every_character():
    for text, spans, _ in random_cases():
        shown = Page(write("html", (text, tagged(text, spans)))).text
        assert len(shown) == len(text)
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]", shown)
    assert escape("a\x00\x1b\x7f\x85\n") == "a\u2400\u241b\u2421\ufffd\n"


def test_colours_of_types_differ():
    hues = [hue(i) for i in range(12)]
    assert min(abs((a - b + 180) % 360 - 180) for i, a in enumerate(hues) for b in hues[:i]) > 15
