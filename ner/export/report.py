"""Cost and loss of an export, measured on the machine that made it."""

import time

import numpy as np

from ner.evaluation.scores import evaluate

_LATENCY_TEXTS = 200


def measure(predictor, examples, latency_texts=_LATENCY_TEXTS):
    """F1 and speed of a model.

    Args:
      predictor: a ``TextPredictor`` (``ner.tagging.protocol``).
      examples: labelled examples.
      latency_texts: about how many of them are also run one at a time.

    Returns:
      JSON-ready dict: ``f1`` (a fraction, conlleval reading), ``sentences``; with all of them in one go ``sentences_per_second`` and
      ``processor_ms``, the processor's time for each, of all threads together; and ``latency_p50_ms`` and ``latency_p99_ms`` of one
      sentence at a time.
    """
    texts = [example.text for example in examples]
    # A first call plans its memory and packs weights: not on the clock.
    sample = texts[:: max(1, len(texts) // latency_texts)]
    predictor.tags(sample)
    started, busy = time.perf_counter(), time.process_time()
    predicted = predictor.tags(texts)
    seconds, busy = time.perf_counter() - started, time.process_time() - busy
    result = evaluate([example.tags for example in examples], predicted, predictor.tag_set.scheme)

    def run_one(text):
        return list(predictor.entities([text]))

    for text in sample[:8]:
        run_one(text)
    latencies = []
    for text in sample:
        begun = time.perf_counter()
        run_one(text)
        latencies.append(1000.0 * (time.perf_counter() - begun))
    p50, p99 = np.percentile(latencies, [50, 99]).tolist()
    return {
        "f1": result.conlleval.overall.f1,
        "sentences": len(texts),
        "sentences_per_second": len(texts) / seconds,
        "processor_ms": 1000.0 * busy / len(texts),
        "latency_p50_ms": p50,
        "latency_p99_ms": p99,
    }


def describe(name, figures):
    """One line of a report."""
    return (
        f"{name:16}F1 {100 * figures['f1']:6.2f}   {figures['sentences_per_second']:7,.0f} sentences/s   "
        f"one sentence: p50 {figures['latency_p50_ms']:.1f} ms, p99 {figures['latency_p99_ms']:.1f} ms"
    )
