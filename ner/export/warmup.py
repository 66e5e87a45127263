"""Warm-up requests: what a server runs through a new version before it sends traffic there.

The first request of a shape makes TensorFlow optimise the graph and pack weights, which takes seconds.
"""

import os

import tensorflow as tf

from ner.serving_client.messages import PredictionLog, predict_request

FILE = os.path.join("assets.extra", "tf_serving_warmup_requests")
_CHARACTER = "京"
_BATCH = 8


def write_warmup(path, window, signatures):
    """Write the warm-up requests of a version: for each signature one text, and one batch, of each of some lengths.

    Args:
      path: the version's directory.
      window: characters per window; the longest warm-up text has more than one.
      signatures: names of the signatures.
    """
    target = os.path.join(path, FILE)
    os.makedirs(os.path.dirname(target), exist_ok=True)
    lengths = sorted({1, min(16, window), min(64, window), window, 2 * window})
    with tf.io.TFRecordWriter(target) as writer:
        for signature in signatures:
            for length in lengths:
                for batch in (1, _BATCH):
                    text = (_CHARACTER * length).encode()
                    log = PredictionLog()
                    log.predict_log.request.CopyFrom(predict_request([text] * batch, "ner", signature))
                    writer.write(log.SerializeToString())
