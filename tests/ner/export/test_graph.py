"""The exported graph part by part against the Python it must equal: tokenizer, windows, joining, and the whole."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf

from albert.character_map import simplify
from ner.export.module import ServingModule
from ner.export.network import FrozenNetwork
from ner.export.tokenizer import GraphTokenizer, code_points, spell
from ner.long_text import windows as python_windows
from ner.long_text.graph_joining import GraphWindowJoiner
from ner.long_text.graph_windows import GROUP_SIZE, Windows, run_in_groups, split_windows
from ner.long_text.joining import WindowJoiner
from ner.model.config import TaggerConfig
from ner.model.network import TaggerModel
from ner.tagging.predictor import Predictor
from ner.tags import SCHEMES, TagSet, spans_from_tags
from tests.albert.arithmetic.test_onednn import fusing, optimized_nodes
from tests.ner.export.exporting import CONFIG, EDGE_TEXTS, random_texts, save_tagger
from tests.ner.tiny import tiny_model


@pytest.fixture(name="tagger", scope="module")
def _tagger(tmp_path_factory):
    return make_tagger(tmp_path_factory.mktemp("export"))


def make_tagger(directory, config=CONFIG):
    """(predictor, entities function, tags function) of one model."""
    directory = save_tagger(directory / "model", config)
    tokenizer, model = directory.read_tokenizer(config), TaggerModel(config)
    directory.read_weights(model)
    signatures = ServingModule(FrozenNetwork.of(model), model.chain, config, tokenizer).signatures()
    return Predictor(model, tokenizer), signatures["serving_default"], signatures["tags"]


def entities_of(outputs):
    """Entities in the outputs of ``serving_default``: per text a list of (start, end, label, text) and a list of scores."""
    columns = [outputs[f"entity_{name}"].numpy() for name in ("start", "end", "label", "text", "score")]
    spans, scores = [], []
    for row, count in enumerate(outputs["num_entities"].numpy()):
        start, end, label, text, score = (column[row] for column in columns)
        assert (start[count:] == -1).all() and (end[count:] == -1).all() and (score[count:] == 0).all()
        assert not any(label[count:]) and not any(text[count:])
        values = zip(start[:count].tolist(), end[:count].tolist(), label[:count], text[:count])
        spans.append([(s, e, name.decode(), spelling.decode()) for s, e, name, spelling in values])
        scores.append(score[:count].tolist())
    return spans, scores


def check_equal(tagger, texts):
    """The graph and the Python tagger agree on some texts; returns the number of entities."""
    predictor, entities, tags = tagger
    batch = tf.constant([text.encode() for text in texts])
    spans, scores = entities_of(entities(batch))
    tagged = {name: value.numpy() for name, value in tags(batch).items()}
    for row, (text, prediction) in enumerate(zip(texts, predictor.predict(texts))):
        assert spans[row] == [(s.start, s.end, s.label, text[s.start : s.end]) for s, _ in prediction.spans], repr(text)
        # Different batches, so sums in another order.
        np.testing.assert_allclose(scores[row], [score for _, score in prediction.spans], atol=2e-5)
        length = tagged["length"][row]
        assert [tag.decode() for tag in tagged["tag"][row]] == prediction.tags + [""] * (tagged["tag"].shape[1] - length)
        assert length == len(text)
    return sum(map(len, spans))


def test_ids_of_every_code_point(tmp_path):
    tokenizer = save_tagger(tmp_path / "model").read_tokenizer(CONFIG)
    table = GraphTokenizer(tokenizer)
    np.testing.assert_array_equal(table.ids(tf.range(0x110000)), tokenizer.code_point_table())


def test_characters_are_mapped_as_in_python(tmp_path):
    config = dataclasses.replace(CONFIG, character_map="simplified")
    assert config == TaggerConfig.from_dict(config.to_dict())
    texts = mapped_texts(700)
    tokenizer = save_tagger(tmp_path / "model", config).read_tokenizer(config)
    points, lengths = code_points(tf.constant([text.encode() for text in texts]))
    read = GraphTokenizer(tokenizer).map_characters(points, lengths)
    assert "".join(map(chr, read.numpy())) == "".join(map(tokenizer.map_characters, texts))


def test_a_tagger_that_maps_characters_and_its_graph(tmp_path):
    # Windows of 17 characters: a border may stand between punctuation and the character that decides how it is read.
    tagger = make_tagger(tmp_path, dataclasses.replace(CONFIG, character_map="simplified"))
    texts = mapped_texts(100)
    assert check_equal(tagger, texts) > 80
    expected = [prediction.tags for prediction in tagger[0].predict(map(simplify, texts))]
    assert [prediction.tags for prediction in tagger[0].predict(texts)] == expected


def mapped_texts(count):
    """Texts with traditional characters and half-width punctuation among others, and the empty one."""
    random = np.random.default_rng(17)
    alphabet = list("京上海大學書記李明張三去了在1。...,(a \U00020000")
    return ["", *random_texts(count // 2), *("".join(random.choice(alphabet, random.integers(1, 53))) for _ in range(count // 2))]


def test_code_points_are_pythons():
    texts = [text.encode() for text in EDGE_TEXTS] + [b"\xff\xfe", b"a\xed\xa0\x80b", b"\xf0\x9f\x98", b"\xc0\x80\xe4\xba"]
    points, lengths = code_points(tf.constant(texts))
    decoded = [text.decode("utf-8", "replace") for text in texts]
    assert lengths.numpy().tolist() == [len(text) for text in decoded]
    assert "".join(map(chr, points.numpy())) == "".join(decoded)


def test_spelling_of_every_character():
    points = np.array([p for p in range(0x110000) if not 0xD800 <= p < 0xE000], np.int32)
    found = spell(tf.constant(points), tf.constant([3, 0, len(points) - 3])).numpy()
    assert [text.decode() for text in found] == [chr(0) + chr(1) + chr(2), "", "".join(map(chr, points[3:]))]


@pytest.mark.parametrize("window", [1, 2, 3, 4, 7, 17])
def test_windows_are_pythons(window):
    overlap = window // 4
    lengths = [*range(5 * window + 3), 0, 7 * window]
    found = split_windows(tf.constant(lengths), window, overlap)
    places = [python_windows.split_windows(n, window, overlap) for n in lengths]
    expected = [(row, start, end - start) for row, own in enumerate(places) for start, end in own]
    assert list(zip(found.rows.numpy(), found.starts.numpy(), found.lengths.numpy())) == expected


def test_groups_of_windows_have_few_widths():
    random = np.random.default_rng(7)
    lengths = random.integers(1, 18, 150)
    firsts = random.integers(0, 50, 150)
    widths = []

    def network(places, own_lengths):
        assert len(own_lengths) <= GROUP_SIZE
        widths.append(places.shape[1])
        return {"places": places}

    found = run_in_groups(network, {"places": tf.int32}, tf.constant(firsts, tf.int32), tf.constant(lengths, tf.int32), 17)
    expected = np.concatenate([np.arange(first, first + length) for first, length in zip(firsts, lengths)])
    np.testing.assert_array_equal(found["places"], expected)
    # With [CLS] and [SEP] multiples of 8, or the whole window.
    assert len(widths) == 5 and set(widths) == {17, 14, 6}


@pytest.mark.parametrize("scheme", SCHEMES)
def test_windows_are_joined_as_in_python(scheme):
    tag_set = TagSet(("A", "B"), scheme)
    random = np.random.default_rng(11)
    longer_than_a_window = 0
    for window in (1, 2, 3, 4, 5, 8, 11, 13, 17):
        lengths = random.integers(0, 5 * window, 90)
        places = [python_windows.split_windows(int(n), window, window // 4) for n in lengths]
        sequences = [_random_tags(random, tag_set, int(n), row) for n, row in zip(lengths, places)]
        flat = [tags for row in sequences for tags in row]
        spans = [spans_from_tags(tags, scheme) for tags in flat]
        scores = [random.random(len(own)).astype(np.float32) for own in spans]
        found = GraphWindowJoiner(tag_set).join(_windows(places), tf.constant(lengths, tf.int32), _tagged(tag_set, flat, spans, scores))
        found = found._replace(**{name: value.numpy() for name, value in found._asdict().items()})
        number = 0
        for row, (row_places, row_tags) in enumerate(zip(places, sequences)):
            joiner, pieces = WindowJoiner(scheme), []
            for place, tags in zip(row_places, row_tags):
                pieces.append(joiner.add(place, tags, spans[number], scores[number].tolist()))
                number += 1
            pieces.append(joiner.finish())
            own = found.rows == row
            assert tag_set.decode(found.tags[own]) == [tag for piece in pieces for tag in piece.tags]
            opens, closes = np.flatnonzero(found.opens[own]), np.flatnonzero(found.closes[own])
            labels = [tag_set.types[label] for label in found.labels[own][opens]]
            expected = [span for piece in pieces for span in piece.spans]
            assert list(zip(opens, closes + 1, labels)) == [span for span, _ in expected]
            np.testing.assert_array_equal(found.scores[own][closes], np.float32([score for _, score in expected]))
            longer_than_a_window += sum(span.end - span.start > window for span, _ in expected)
    assert longer_than_a_window > 20


def _random_tags(random, tag_set, length, places):
    """Tags for the windows of a text: mostly alike in the overlaps, legal or not, with long runs and so long entities."""
    base = np.repeat(random.integers(0, len(tag_set), length), random.integers(1, 20, length))[:length]
    result = []
    for start, end in places:
        noise = random.random(end - start) < 0.15
        result.append(tag_set.decode(np.where(noise, random.integers(0, len(tag_set), end - start), base[start:end])))
    return result


def _windows(places):
    rows = [row for row, own in enumerate(places) for _ in own]
    starts = [start for own in places for start, _ in own]
    lengths = [end - start for own in places for start, end in own]
    return Windows(*(tf.constant(values, tf.int32) for values in (rows, starts, lengths)))


def _tagged(tag_set, sequences, spans, scores):
    total = sum(map(len, sequences))
    opens, closes, values = np.zeros(total, bool), np.zeros(total, bool), np.zeros(total, np.float32)
    offset = 0
    for tags, found, own_scores in zip(sequences, spans, scores):
        for span, score in zip(found, own_scores):
            opens[offset + span.start] = closes[offset + span.end - 1] = True
            values[offset + span.end - 1] = score
        offset += len(tags)
    ids = np.concatenate([tag_set.encode(tags) for tags in sequences])
    return {"tags": tf.constant(ids), "opens": tf.constant(opens), "closes": tf.constant(closes), "scores": tf.constant(values)}


@fusing
def test_the_network_is_fused():
    """Each product of the encoder with its bias, and its layer norms but the embeddings'."""
    model = tiny_model(50)
    inputs = {"input_word_ids": tf.ones([3, 9], tf.int32), "lengths": tf.constant([7, 1, 5])}
    nodes = optimized_nodes(FrozenNetwork.of(model), inputs)
    operations = [node.op for node in nodes]
    assert operations.count("_MklLayerNorm") == 2 * model.config.encoder.num_hidden_layers
    assert "FusedBatchNormV3" not in operations
    assert not {"MatMul", "_MklMatMul", "BiasAdd"} & set(operations)


def test_graph_equals_the_python_tagger(tagger):
    assert check_equal(tagger, EDGE_TEXTS) > 3
    assert check_equal(tagger, random_texts(500)) > 400


def test_graph_without_padding_equals_the_python_tagger(monkeypatch, tmp_path):
    monkeypatch.setattr("ner.model.network._LEAST_WIDTH_WITHOUT_PADDING", 1)
    tagger = make_tagger(tmp_path)
    nodes = tagger[1].graph.as_graph_def().library.function
    assert "GatherV2" in {node.op for function in nodes for node in function.node_def if "group_0" in node.name}
    assert check_equal(tagger, [*EDGE_TEXTS, *random_texts(100)]) > 80


@pytest.mark.slow
def test_graph_equals_the_python_tagger_on_20000_texts(tagger):
    texts = random_texts(20_000, seed=2)
    for start in range(0, len(texts), 1000):
        check_equal(tagger, texts[start : start + 1000])


def test_answers_do_not_depend_on_neighbours(tagger):
    _, entities, tags = tagger
    texts = [*EDGE_TEXTS, *random_texts(40, seed=3)]
    batch = tf.constant([text.encode() for text in texts])
    spans, scores = entities_of(entities(batch))
    backwards, _ = entities_of(entities(batch[::-1]))
    assert backwards[::-1] == spans
    together = tags(batch)
    for row in range(len(texts)):
        alone, alone_scores = entities_of(entities(batch[row : row + 1]))
        assert alone[0] == spans[row]
        np.testing.assert_allclose(alone_scores[0], scores[row], atol=2e-5)
        length = together["length"][row]
        np.testing.assert_array_equal(tags(batch[row : row + 1])["tag"][0, :length], together["tag"][row, :length])


def test_nothing_makes_it_fail(tagger):
    predictor, entities, tags = tagger
    for batch in ([], [""], ["", "", ""]):
        outputs = entities(tf.constant(batch, tf.string))
        assert outputs["num_entities"].shape == (len(batch),)
        assert outputs["entity_start"].shape == (len(batch), 1)
        assert tags(tf.constant(batch, tf.string))["tag"].shape == (len(batch), 1)
    assert check_equal(tagger, ["", "".join(random_texts(700))[:20_000]]) > 100
    for broken in (b"\xff\xfe\xe4\xba", b"\x80" * 300, b"\xe4\xba\xac\xc0\xaf"):
        spans, _ = entities_of(entities(tf.constant([broken, "京".encode()])))
        text = broken.decode("utf-8", "replace")
        expected = next(iter(predictor.predict([text])))
        assert spans[0] == [(s.start, s.end, s.label, text[s.start : s.end]) for s, _ in expected.spans]
