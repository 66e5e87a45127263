"""Any text of any length: exact offsets, windows joined as one long sequence would be, memory that does not grow."""

import dataclasses
import itertools
import random

import numpy as np
import pytest
import tensorflow as tf

from albert import CharTokenizer
from ner.decoding.constraints import DecodingOptions
from ner.decoding.gazetteer import Gazetteer, Term
from ner.edges import part_between_edges, visible_part
from ner.long_text.windows import split_windows
from ner.model import inference, network
from ner.model.config import CharEncoderConfig, TaggerConfig
from ner.model.crf.layer import LinearChain
from ner.model.inference import frozen_emissions_function
from ner.tagging.predictor import Predictor
from ner.tagging.tagger import Tagger
from ner.tags import TagSet, illegal_positions, spans_from_tags
from tests.ner.long_text.reference import owned_ranges
from tests.ner.tiny import CHARACTERS, tiny_model, tiny_predictor, write_vocabulary

# Beside random code points: white space of all kinds, controls, combining marks, emoji sequences, full-width and Latin text.
ODDITIES = [
    *" \t\r\n\v\f\u00a0\u3000\u200b\u2028\u0085\ufeff\x00\x1b\x7f\u202e",
    "e\u0301",
    "が\u3099",
    "👨\u200d👩\u200d👧\u200d👦",
    "🇨🇳",
    "👍🏽",
    "ＡＢＣ１２３",
    "iPhone 15 Pro",
    "https://例子.中国/?a=b&c=<d>",
    "\ud800",
    "\udfff",
    "\U0010ffff",
    "\ufffe",
    "한국어",
    "السلام",
]
PLANES = [(0x0000, 0xD7FF), (0xD800, 0xDFFF), (0xE000, 0xFFFF), *((p << 16, (p << 16) + 0xFFFF) for p in range(1, 17))]


def random_text(rng, longest=2_000):
    """Up to ``longest`` code points of all planes, unpaired surrogates included; short texts are as frequent as long ones."""
    length = rng.choice((0, 1, 2, rng.randrange(29), rng.randrange(131), rng.randrange(longest + 1)))
    text = ""
    while len(text) < length:
        kind = rng.randrange(4)
        if kind == 0:
            text += "".join(rng.choices(CHARACTERS, k=rng.randrange(1, 40)))
        elif kind == 1:
            text += rng.choice(ODDITIES)
        else:
            low, high = rng.choice(PLANES)
            text += "".join(chr(rng.randint(low, high)) for _ in range(rng.randrange(1, 20)))
    return text[:length]


@pytest.mark.parametrize("count", [1_000, pytest.param(100_000, marks=pytest.mark.slow)])
def test_random_unicode(tmp_path, count):
    rng = random.Random(count)
    predictor = tiny_predictor(tmp_path, max_seq_length=128)
    sent = []

    def texts():
        for _ in range(count):
            sent.append(random_text(rng))
            yield sent[-1]

    found = characters = 0
    for prediction in predictor.predict(texts()):
        text = sent.pop(0)
        characters += len(text)
        assert len(prediction.tags) == len(text)
        assert illegal_positions(prediction.tags) == []
        spans = [span for span, _ in prediction.spans]
        assert spans == spans_from_tags(prediction.tags)
        assert all(visible_part(text, span.start, span.end) == span[:2] for span in spans)
        assert all(0.0 <= score <= 1.0 for _, score in prediction.spans)
        found += len(spans)
    assert sent == []
    assert found > characters / 50


@pytest.mark.parametrize("by_config", [False, True])
def test_no_entity_begins_or_ends_with_punctuation(tmp_path, by_config):
    rng = random.Random(7)
    size = write_vocabulary(tmp_path / "vocab.txt")
    model = tiny_model(size)
    plain = Predictor(model, CharTokenizer(tmp_path / "vocab.txt"))
    if by_config:
        model.config = dataclasses.replace(model.config, edge_punctuation=False)
    options = DecodingOptions() if by_config else DecodingOptions(edge_punctuation="never")
    gazetteer = Gazetteer([Term("王！", "PER"), Term("张。", "-", 0.5)])
    bare, given = (Predictor(model, plain.tokenizer, decoding=options, gazetteer=g) for g in (None, gazetteer))
    texts = ["".join(rng.choices("北京上海王明，。！《》“”·@", k=rng.randrange(1, 90))) for _ in range(150)]
    # Windows of 27 characters; the term stands at a border of some.
    texts += ["北" * n + "王！" + "京" * 30 for n in (0, 17, 20, 25, 26, 27)]

    def edges(predictor):
        for text, prediction in zip(texts, predictor.predict(texts)):
            spans = [span for span, _ in prediction.spans]
            assert spans == spans_from_tags(prediction.tags)
            for span in spans:
                yield text[span.start : span.end], part_between_edges(text, span.start, span.end, punctuation=True) == span[:2]

    assert not all(good for _, good in edges(plain))
    assert all(good for _, good in edges(bare))
    assert {text for text, good in edges(given) if not good} == {"王！"}
    assert sum(text == "王！" for text, _ in edges(given)) >= 6


def test_entities_are_the_text_at_their_offsets(tmp_path):
    rng = random.Random(5)
    tagger = Tagger(tiny_predictor(tmp_path))
    texts = [random_text(rng, 300) for _ in range(150)] + ODDITIES
    results = tagger.tag_batch(texts)
    assert len(results) == len(texts)
    for text, entities in zip(texts, results):
        assert all(entity.text == text[entity.start : entity.end] != "" for entity in entities)
        assert all(before.end <= after.start for before, after in zip(entities, entities[1:]))
    assert sum(map(len, results)) > 500


@pytest.mark.parametrize("padding", [True, False], ids=["padding", "no padding"])
@pytest.mark.parametrize("most_constant_bytes", [None, 0], ids=["constants", "inputs"])
def test_frozen_weights_give_the_same_and_stay_what_they_were(tmp_path, monkeypatch, most_constant_bytes, padding):
    if most_constant_bytes is not None:
        monkeypatch.setattr(inference, "_MOST_CONSTANT_BYTES", most_constant_bytes)
    if not padding:
        monkeypatch.setattr(network, "_LEAST_WIDTH_WITHOUT_PADDING", 1)
    rng = random.Random(11)
    texts = [random_text(rng, 70) for _ in range(60)]
    live, frozen = (tiny_predictor(tmp_path, batch_size=7, frozen=frozen) for frozen in (False, True))
    expected = list(live.predict(texts))
    for _ in range(2):
        for prediction, other in zip(frozen.predict(texts), expected):
            assert prediction.tags == other.tags
            assert [span for span, _ in prediction.spans] == [span for span, _ in other.spans]
            np.testing.assert_allclose([s for _, s in prediction.spans], [s for _, s in other.spans], atol=1e-4)
        for predictor in (live, frozen):
            predictor.model.emissions.bias.assign(-5.0 * predictor.model.emissions.bias)
    assert list(live.predict(texts)) != expected


@pytest.mark.parametrize("most_constant_bytes", [0, 1 << 20])
def test_weights_become_constants_up_to_a_size(monkeypatch, most_constant_bytes):
    monkeypatch.setattr(inference, "_MOST_CONSTANT_BYTES", most_constant_bytes)
    function = frozen_emissions_function(tiny_model(41))
    graph = function.get_concrete_function().graph
    graph_def = graph.as_graph_def()
    nodes = [*graph_def.node, *(node for called in graph_def.library.function for node in called.node_def)]
    sizes = [tf.make_ndarray(node.attr["value"].tensor).size for node in nodes if node.op == "Const"]
    # The feed-forward kernels of 14 x 11; all else that is constant is smaller.
    assert sum(size == 154 for size in sizes) == (2 if most_constant_bytes else 0)
    assert sum(value.shape == (14, 11) for value, _ in graph.captures) == (0 if most_constant_bytes else 1)


def test_what_is_no_list_of_strings_is_refused(tmp_path):
    tagger = Tagger(tiny_predictor(tmp_path))
    for call, message in [
        (lambda: tagger.tag_batch("北京"), "tag_batch: found a single string, expected several; tag takes one"),
        (lambda: tagger.tag_batch(["北京", None]), "text 1: found NoneType, expected str"),
        (lambda: tagger.tag("北京".encode()), "text 0: found bytes, expected str"),
    ]:
        with pytest.raises(TypeError) as e:
            call()
        assert str(e.value) == message


def test_texts_do_not_change_one_another(tmp_path):
    rng = random.Random(7)
    tagger = Tagger(tiny_predictor(tmp_path, batch_size=5))
    texts = ["".join(rng.choices(CHARACTERS, k=rng.randrange(100))) for _ in range(40)]
    together = tagger.tag_batch(texts)
    for text, entities in zip(texts, together):
        alone = tagger.tag(text)
        assert [(e.start, e.end, e.label) for e in alone] == [(e.start, e.end, e.label) for e in entities]
        np.testing.assert_allclose([e.score for e in alone], [e.score for e in entities], atol=1e-4)


def test_pieces_of_a_text_make_up_its_prediction_and_texts_are_read_as_needed(tmp_path):
    predictor = tiny_predictor(tmp_path, batch_size=2)
    rng = random.Random(9)
    texts = ["".join(rng.choices(CHARACTERS, k=n)) for n in (0, 5_000, 3, 0, 27, 28)]
    read = []
    pieces = predictor.pieces(text for text in texts if read.append(text) or True)
    first = next(pieces)
    assert (first.tags, first.spans, first.last) == ([], [], True)
    assert len(read) == 2
    longest = 0
    for text, prediction in zip(texts[1:], predictor.predict(texts[1:])):
        tags, spans = [], []
        for piece in pieces:
            assert piece.start == len(tags)
            longest = max(longest, len(piece.tags))
            tags += piece.tags
            spans += piece.spans
            if piece.last:
                break
        assert len(tags) == len(text)
        assert tags == prediction.tags
        assert [span for span, _ in spans] == [span for span, _ in prediction.spans]
        np.testing.assert_allclose([score for _, score in spans], [score for _, score in prediction.spans], atol=1e-4)
    assert longest < 4 * predictor.window


class LocalModel:
    """Emissions that depend on a character and ``radius`` neighbours on each side, and so on nothing a window's edge cuts off.

    Stands in for a ``TaggerModel``, whose emissions depend on everything in the window.
    """

    def __init__(self, vocab_size, radius, chain, max_seq_length=29):
        self.config = TaggerConfig(CharEncoderConfig(vocab_size, 3), TagSet(("LOC", "PER")), max_seq_length)
        self.chain = chain
        table = np.random.default_rng(radius).normal(size=[2 * radius + 1, vocab_size, 5]).astype(np.float32)
        table[:, :, 0] += 1.0 / (2 * radius + 1)
        self._table, self._radius = tf.constant(table), radius

    def input_signature(self):
        return {"input_word_ids": tf.TensorSpec([None, None], tf.int32), "lengths": tf.TensorSpec([None], tf.int32)}

    def __call__(self, inputs, training, encoder_weights=None):
        assert not training and encoder_weights is None
        width = tf.shape(inputs["input_word_ids"])[1] - 2
        ids = inputs["input_word_ids"][:, 1:-1] * tf.sequence_mask(inputs["lengths"], width, dtype=tf.int32)
        padded = tf.pad(ids, [[0, 0], [self._radius, self._radius]])
        return 6.0 * tf.add_n([tf.gather(table, padded[:, i : i + width]) for i, table in enumerate(tf.unstack(self._table))])


def local_predictors(directory, radius, scale, constrained, longest, batch_size=16):
    """Two predictors with the same local model and chain: one sees windows of 51 characters, the other whole texts."""
    size = write_vocabulary(directory / "vocab.txt")
    tokenizer = CharTokenizer(directory / "vocab.txt")
    noise = np.random.default_rng(1)
    chain = LinearChain(*(tf.constant((scale * noise.normal(size=shape)).astype(np.float32)) for shape in ([5, 5], [5], [5])))
    return [
        Predictor(LocalModel(size, radius, chain, length + 2), tokenizer, batch_size, DecodingOptions(constrained))
        for length in (51, max(longest, 52))
    ]


def compare_with_whole(texts, windowed, whole):
    """Checks that every text is tagged as in one long sequence if each window saw the same as that where it decides, and only then.

    Returns:
      The number of texts for which that was so, and the differences of their entities' scores.
    """
    windows = [split_windows(len(text), windowed.window, windowed.overlap) for text in texts]
    views = iter(windowed.tags([text[start:end] for text, part in zip(texts, windows) for start, end in part]))
    alike, differences = 0, []
    for part, joined, expected in zip(windows, windowed.predict(texts), whole.predict(texts)):
        seen = list(itertools.islice(views, len(part)))
        decided = owned_ranges(part, seen)
        same = all(
            tags[start - window[0] : end - window[0]] == expected.tags[start:end] for window, tags, (start, end) in zip(part, seen, decided)
        )
        assert (joined.tags == expected.tags) == same
        if same:
            assert [span for span, _ in joined.spans] == [span for span, _ in expected.spans]
            differences += [abs(a - b) for (_, a), (_, b) in zip(joined.spans, expected.spans)]
        alike += same
    return alike, np.array(differences)


@pytest.mark.parametrize("radius, scale, constrained", [(0, 0.0, False), (2, 0.0, False), (2, 1.0, True), (0, 1.0, True)])
def test_windows_are_joined_as_one_long_sequence_would_be(tmp_path, radius, scale, constrained):
    rng = random.Random(radius)
    texts = ["".join(rng.choices(CHARACTERS, k=rng.randrange(52, 400))) for _ in range(40)]
    alike, differences = compare_with_whole(texts, *local_predictors(tmp_path, radius, scale, constrained, 400))
    # Without transitions nothing reaches further than the radius, which is less than half of what two windows share.
    assert alike == 40 if scale == 0.0 else alike >= 36
    # Scores depend on more than tags do: near its edge a window knows less.
    assert len(differences) > 400
    assert np.mean(differences < 1e-3) > 0.98


@pytest.mark.parametrize("count", [200, pytest.param(100_000, marks=pytest.mark.slow)])
def test_windows_of_random_unicode_are_joined_as_one_long_sequence_would_be(tmp_path, count):
    rng = random.Random(count)
    windowed, whole = local_predictors(tmp_path, 2, 1.0, True, 2_000, batch_size=128)
    alike = 0
    for start in range(0, count, 2_000):
        texts = [random_text(rng) for _ in range(min(2_000, count - start))]
        same, differences = compare_with_whole(texts, windowed, whole)
        alike += same
        assert np.mean(differences < 1e-3) > 0.98
    print(f"{alike:,} of {count:,} texts: every window saw the same as the whole text where it decides")
    assert alike > 0.99 * count


@pytest.mark.parametrize("with_scores", [True, False])
def test_decoding_without_constraints_keeps_what_the_model_says(tmp_path, with_scores):
    predictor = tiny_predictor(tmp_path, constrained=False)
    rng = random.Random(3)
    texts = ["".join(rng.choices(CHARACTERS, k=150)) for _ in range(20)]
    tags = [list(itertools.chain(*(p.tags for p in predictor.pieces([text], with_scores)))) for text in texts]
    assert any(illegal_positions(sequence) for sequence in tags)
    assert tags == list(predictor.tags(texts))
