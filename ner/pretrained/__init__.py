"""The tagger that comes with the package: ``ner.Tagger.load()``, and every command that is given no ``--model_dir``.

Its directory is like that of a finished training run, with float16 weights and a model card.
"""

import os

NAME = "msra_albert_mini"
DIRECTORY = os.path.join(os.path.dirname(__file__), NAME)


def is_own(path):
    """True if a path is the shipped tagger's directory. Nothing may be written there."""
    return os.path.isdir(path) and os.path.samefile(path, DIRECTORY)
