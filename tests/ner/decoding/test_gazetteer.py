"""Must-tag and never-tag terms: reading them, finding them, and what they do to decoding."""

import os
import random
import threading

import pytest

from ner.decoding.gazetteer import DEFAULT_WEIGHT, NEVER, Gazetteer, Match, Term
from ner.errors import DataError
from ner.tagging.tagger import Tagger
from tests.ner.tiny import CHARACTERS, tiny_predictor


def write(path, text):
    path.write_text(text, encoding="utf-8")
    return path


def test_reading_a_file(tmp_path):
    path = write(tmp_path / "terms.tsv", "\ufeff# people\n王小明\tPER\r\n\n长江 \tLOC\t2.5\n长江\t-\n长江\tPER\n")
    assert Gazetteer.load(path).terms == (
        Term("王小明", "PER", DEFAULT_WEIGHT, 2),
        Term("长江 ", "LOC", 2.5, 4),
        Term("长江", NEVER, DEFAULT_WEIGHT, 5),
        Term("长江", "PER", DEFAULT_WEIGHT, 6),
    )


def test_files_as_people_leave_them(tmp_path):
    """Line ends of CR alone, marks where files were joined, a pipe."""
    for content in ("长江\tLOC\r王\tPER\r", "\ufeff长江\tLOC\n\ufeff王\tPER", "长江\tLOC\r\n\r\n王\tPER\r\n"):
        path = tmp_path / "terms.tsv"
        path.write_bytes(content.encode())
        assert [(term.text, term.label) for term in Gazetteer.load(path).terms] == [("长江", "LOC"), ("王", "PER")]
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=lambda: pipe.write_text("长江\tLOC\n", encoding="utf-8"))
    writer.start()
    assert [term.text for term in Gazetteer.load(pipe).terms] == ["长江"]
    writer.join()


@pytest.mark.parametrize(
    "content, message",
    [
        ("# none\n", "terms.tsv: found no term, expected lines of a term, a tab, and an entity type or -"),
        ("", "terms.tsv: found an empty file, expected lines of a term, a tab, and an entity type or -"),
        ("江" * 5_000_000 + "\tLOC", "terms.tsv:1: found a term of 5,000,000 characters, expected at most 1,000"),
        ("长江\t" + "L" * 99 + "\t0", "terms.tsv:1: found weight '0', expected a number above 0 and up to 10000"),
        ("长江\tLOC\t" + "9" * 99, "terms.tsv:1: found weight '" + "9" * 40 + "'…, expected a number above 0 and up to 10000"),
        ("长江\n", "terms.tsv:1: found 1 columns, expected a term, a tab, and an entity type or - (and a tab and a weight)"),
        ("\n长江\tLOC\t1\t2", "terms.tsv:2: found 4 columns, expected a term, a tab, and an entity type or - (and a tab and a weight)"),
        ("\tLOC", "terms.tsv:1: found an empty term, expected at least one character"),
        ("长江\t ", "terms.tsv:1: found no type for '长江', expected an entity type, or - for never"),
        ("长江\tLOC\tmuch", "terms.tsv:1: found weight 'much', expected a number above 0 and up to 10000"),
        ("长江\tLOC\t-3", "terms.tsv:1: found weight '-3', expected a number above 0 and up to 10000"),
        ("长江\tLOC\tinf", "terms.tsv:1: found weight 'inf', expected a number above 0 and up to 10000"),
        ("长江\tLOC\nx\t-\n长江\tLOC", "terms.tsv:3: found '长江' as LOC again, expected it once (line 1)"),
    ],
)
def test_what_is_wrong_is_said(tmp_path, monkeypatch, content, message):
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "terms.tsv", content)
    with pytest.raises(DataError) as e:
        Gazetteer.load("terms.tsv")
    assert str(e.value) == message


def test_files_that_cannot_be_read(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "gbk.tsv").write_bytes(b"ok\tLOC\n" + "长江\tLOC".encode("gbk"))
    for name, message in [
        ("gbk.tsv", "gbk.tsv:2: found byte 0xb3, expected UTF-8 text"),
        ("none.tsv", "none.tsv: cannot read lines of a term, a tab, and an entity type or -: No such file or directory"),
    ]:
        with pytest.raises(DataError) as e:
            Gazetteer.load(name)
        assert str(e.value) == message


def test_terms_the_model_cannot_use():
    gazetteer = Gazetteer([Term("长江", "LOC", 1.0, 1), Term("王小明", "ACTOR", 1.0, 2)], "terms.tsv")
    with pytest.raises(DataError) as e:
        gazetteer.check(("LOC", "PER"), 5)
    assert str(e.value) == "terms.tsv:2: found type 'ACTOR', expected one of LOC, PER, or - for never"
    with pytest.raises(DataError) as e:
        Gazetteer([Term("长江大桥南", NEVER, 1.0, 7)], "terms.tsv").check(("LOC",), 4)
    assert str(e.value) == "terms.tsv:7: found a term of 5 characters, expected at most 4"


def test_terms_that_decoding_never_gives():
    """White space at an entity's edge: where decoding is constrained, there is no such entity."""
    for text in ("长江 ", "\t长江", "长江\u3000", "\ufeff长江", "\u200b"):
        gazetteer = Gazetteer([Term("大桥", "LOC"), Term(text, "LOC", 1.0, 3)], "terms.tsv")
        gazetteer.check(("LOC",), 5)
        with pytest.raises(DataError) as e:
            gazetteer.check(("LOC",), 5, visible_edges=True)
        found = f"{text!r} with white space or an invisible character at its edge"
        assert str(e.value) == f"terms.tsv:3: found {found}, expected none, as entities have none there"
    Gazetteer([Term("长江 ", NEVER), Term("长 江", "LOC")]).check(("LOC",), 5, visible_edges=True)


def test_matches_are_all_occurrences():
    rng = random.Random(1)
    terms = {"".join(rng.choices("abc", k=rng.randrange(1, 5))) for _ in range(30)}
    gazetteer = Gazetteer([Term(term, "LOC", 1.0) for term in sorted(terms)])
    for _ in range(50):
        text = "".join(rng.choices("abcd", k=rng.randrange(20)))
        expected = [(i, j, "LOC", 1.0) for i in range(len(text)) for j in range(i + 1, len(text) + 1) if text[i:j] in terms]
        assert gazetteer.matches(text) == expected
    assert Gazetteer([Term("ab", NEVER, 2.0), Term("ab", "PER", 3.0)]).matches("xab") == [Match(1, 3, "-", -2.0), Match(1, 3, "PER", 3.0)]


def test_span_scores_add_up():
    gazetteer = Gazetteer([])
    scores = gazetteer.span_scores(
        [[Match(1, 3, "PER", 5.0), Match(1, 3, NEVER, -2.0), Match(2, 5, "LOC", 1.0)], [Match(0, 1, "LOC", 7.0)]], 5, ("LOC", "PER")
    )
    assert scores.shape == (2, 5, 3, 2)
    assert dict(zip(zip(*scores.nonzero()), scores[scores.nonzero()])) == {
        (0, 2, 1, 0): -2.0,
        (0, 2, 1, 1): 3.0,
        (0, 4, 2, 0): 1.0,
        (1, 0, 0, 0): 7.0,
    }


def random_texts(count, seed=1):
    rng = random.Random(seed)
    return ["".join(rng.choices(CHARACTERS, k=rng.randrange(2, 120))) for _ in range(count)]


def test_terms_in_a_tagger(tmp_path):
    texts = random_texts(60)
    predictor = tiny_predictor(tmp_path)
    plain = Tagger(predictor).tag_batch(texts)
    # A must-tag term where the model sees none, and never what it is surest of.
    rng = random.Random(2)
    must = {text[i : i + 3] for text in texts[::2] for i in [rng.randrange(len(text) - 1)]}
    never = {entity.text for entities in plain for entity in entities if len(entity.text) <= 3} - must
    terms = [Term(text, "PER") for text in sorted(must)] + [Term(text, NEVER) for text in sorted(never)]
    tagger = Tagger(predictor.with_gazetteer(Gazetteer(terms)))
    results = tagger.tag_batch(texts)
    assert predictor.gazetteer is None
    with pytest.raises(DataError, match="found type 'XYZ'"):
        predictor.with_gazetteer(Gazetteer([Term("京", "XYZ")]))
    assert not any(entity.text in never for entities in results for entity in entities)
    for text, entities, before in zip(texts, results, plain):
        found = {(entity.start, entity.end, entity.label): entity.score for entity in entities}
        matches = [match for match in tagger.predictor.gazetteer.matches(text) if match.label == "PER"]
        alone = [m for m in matches if not any(o != m and o.start < m.end and m.start < o.end for o in matches)]
        for match in alone:
            assert found[match.start, match.end, "PER"] == pytest.approx(1.0, abs=1e-4)
        if not tagger.predictor.gazetteer.matches(text):
            assert [(e.start, e.end, e.label) for e in entities] == [(e.start, e.end, e.label) for e in before]
    assert len(must) > 20 < len(never)


def test_a_small_weight_is_only_a_hint(tmp_path):
    texts = random_texts(40, seed=4)
    plain = Tagger(tiny_predictor(tmp_path)).tag_batch(texts)
    never = sorted({entity.text for entities in plain for entity in entities if len(entity.text) <= 3})
    left = []
    for weight in (0.001, 3.0, 1000.0):
        results = Tagger(tiny_predictor(tmp_path, Gazetteer([Term(text, NEVER, weight) for text in never]))).tag_batch(texts)
        left.append(sum(entity.text in never for entities in results for entity in entities))
    assert left[0] > left[1] > left[2] == 0


def test_a_term_is_found_in_every_window(tmp_path):
    predictor = tiny_predictor(tmp_path, Gazetteer([Term("北京上海", "ORG")]))
    assert predictor.overlap == 6
    rng = random.Random(6)
    text = "".join("".join(rng.choices(CHARACTERS[:50], k=rng.randrange(1, 9))) + "北京上海" for _ in range(100))
    entities = Tagger(predictor).tag(text)
    assert [e.start for e in entities if (e.text, e.label) == ("北京上海", "ORG")] == [
        i for i in range(len(text)) if text.startswith("北京上海", i)
    ]
