"""The implementations compared. Each module has ``VERSION`` and ``prepare(case, side, threads)``, which returns ``(run, check)``.

``run()`` does the case's work once and returns when it is done. ``check`` is what the side computes from the common weights and sentences,
without dropout: the mean loss for ``train``, the tags of every sentence as a list of strings of digits for ``infer``, and the number of
entities of every sentence for the other tasks. The parent compares it between the sides.
"""
