"""CRF of tensorflow-addons, where that package can be had. The only module that imports it.

It was built for TensorFlow up to 2.15, and has wheels for some systems and Pythons only. Elsewhere ``functions`` is None, and the
project's own ``ner.model.crf.passes.log_likelihood`` is used, which is held to it.
"""

import importlib
import warnings

from albert.keras import as_tensorflows, keras


def _import():
    # With a later TensorFlow it may be installed but not work.
    if keras.__name__ != "keras":
        return None
    with warnings.catch_warnings(), as_tensorflows():
        # It warns at import that it is at its end of life and that TensorFlow 2.15 is newer than it was built for. The CRF functions
        # used here are plain TensorFlow graphs and are held to enumerated values by the tests.
        warnings.simplefilter("ignore")
        try:
            return importlib.import_module("tensorflow_addons.text.crf")
        except ImportError:
            return None


# The module ``tensorflow_addons.text.crf`` or None.
functions = _import()
