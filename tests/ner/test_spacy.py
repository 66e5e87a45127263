"""The component of spaCy: entities at the tagger's own characters, whatever the tokens are."""

import pytest

from ner.tagging.tagger import Tagger
from tests.ner.tiny import tiny_model_dir

spacy = pytest.importorskip("spacy")
ner_spacy = pytest.importorskip("ner.spacy")

TEXTS = ["北京上海江苏张李王要他时来用们", "", "王 明😀在上海，要他时来用", "工作" * 40]


@pytest.fixture(name="model", scope="module")
def _model(tmp_path_factory):
    return str(tiny_model_dir(tmp_path_factory.mktemp("model")))


@pytest.fixture(name="expected", scope="module")
def _expected(model):
    expected = [[(e.start, e.end, e.label) for e in entities] for entities in Tagger.load(model).tag_batch(TEXTS)]
    assert sum(map(len, expected)) > 9
    return expected


def found(doc):
    return [(entity.start_char, entity.end_char, entity.label_) for entity in doc.ents]


class TwoByTwo:
    """Tokens of two characters."""

    def __init__(self, vocab):
        self.vocab = vocab

    def __call__(self, text):
        words = [text[i : i + 2] for i in range(0, len(text), 2)]
        return spacy.tokens.Doc(self.vocab, words=words, spaces=[False] * len(words))


@pytest.mark.parametrize("pairs", [False, True])
def test_entities_are_the_taggers(model, expected, pairs):
    nlp = spacy.blank("zh")
    if pairs:
        nlp.tokenizer = TwoByTwo(nlp.vocab)
    nlp.add_pipe("albert_ner", config={"path": model})
    assert [found(nlp(text)) for text in TEXTS] == expected
    docs = list(nlp.pipe(TEXTS, batch_size=2))
    assert [found(doc) for doc in docs] == expected
    assert [doc.text for doc in docs] == TEXTS
    assert all(0 < entity._.albert_ner_score <= 1 for doc in docs for entity in doc.ents)


def test_tokens_may_stay(model, expected):
    nlp = spacy.blank("zh")
    nlp.tokenizer = TwoByTwo(nlp.vocab)
    nlp.add_pipe("albert_ner", config={"path": model, "split_tokens": False})
    for text, entities in zip(TEXTS, expected):
        doc = nlp(text)
        assert len(doc) == (len(text) + 1) // 2
        assert set(found(doc)) == {entity for entity in entities if entity[0] % 2 == 0 and (entity[1] % 2 == 0 or entity[1] == len(text))}


def test_entities_of_others_stay(model, expected):
    nlp = spacy.blank("zh")
    ruler = nlp.add_pipe("entity_ruler")
    ruler.add_patterns([{"label": "ALL", "pattern": [{}]}])
    nlp.add_pipe("albert_ner", config={"path": model})
    doc = nlp(TEXTS[0])
    assert set(found(doc)) > set(expected[0])
    assert {label for _, _, label in found(doc)} > {"ALL"}
