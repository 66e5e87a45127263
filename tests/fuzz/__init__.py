"""Mutants of every kind of file that the project reads: none may end in a traceback, a hang or a full memory.

``make fuzz`` reads 20,000 mutants of each format; ``tests/fuzz/test_fuzz.py`` a few of each, and again those in ``kept/``, which have once
been read wrongly. A module of this package whose name begins with ``formats_`` has a function ``formats()`` that lists
:class:`~tests.fuzz.harness.Format`\\ s. A mutant is a function of format, seed and number: the same on every machine.
"""
