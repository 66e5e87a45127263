"""Pretraining: masked language model over n-grams and sentence order (Lan et al., 2019, arXiv:1909.11942), from raw text.

From text to a step::

    text.py          files, plain or compressed, as lines
    token_cache.py   each input as one memory-mapped array of ids, made once
    windows.py       which windows of the arrays a step reads: arithmetic on the step's number
    sequences.py     [CLS] A [SEP] B [SEP] from a window, in order or swapped
    masking.py       n-grams to predict
    stream.py        the four above as ``batch(step)``
    trainer.py       steps, logs, evaluation, saves; lamb.py and schedule.py are its optimizer
    baselines.py     what unigrams and bigrams would have said at the same positions

Importing this package does not import TensorFlow.
"""
