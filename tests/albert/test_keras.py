"""The Keras that everything uses: Keras 2 of the installed TensorFlow, whatever the environment says and whoever came first."""

import importlib.metadata
import json
import os
import pathlib
import re
import subprocess
import sys

import pytest
import tensorflow as tf

import albert.keras
from albert.errors import UserError

ROOT = pathlib.Path(__file__).parent.parent.parent
NAME = albert.keras.keras.__name__

# What is made of it: a layer of the encoder, the CRF, an optimizer. And whether a second Keras has come along.
TENSORFLOWS_OWN = re.compile(r"WARNING: All log messages before absl|[IWE]\d{4} |To enable the following instructions")

USE = """
import json, os, sys
before = dict(os.environ)
import albert
encoder = albert.AlbertEncoder
from ner.layers import CRF
from albert.keras import keras
from albert.optimization import AdamWeightDecay
import tensorflow as tf
crf = CRF(3, parallel_scan=False)
value = float(crf.log_likelihood(tf.zeros([1, 2, 3]), tf.zeros([1, 2], tf.int32), tf.constant([2]))[0])
kinds = [issubclass(encoder, keras.Model), isinstance(crf, keras.layers.Layer), issubclass(AdamWeightDecay, keras.optimizers.Optimizer)]
changed = sorted(name for name, value in os.environ.items() if before.get(name) != value and "KERAS" in name)
print(json.dumps([keras.__name__, keras.__version__, kinds, round(value, 4), changed]))
"""


@pytest.mark.numbers
@pytest.mark.parametrize(
    ("legacy", "first"),
    [
        (None, ""),
        ("0", "import tensorflow"),
        ("1", ""),
        ("1", "import tensorflow as tf; getattr(tf, 'keras'); hasattr(tf.keras, 'Model')"),
        (None, "import tensorflow as tf; tf.keras.Model; kept = tf.keras.layers.Layer"),
    ],
)
def test_it_is_the_same_whatever_tf_keras_is(legacy, first):
    environment = {name: value for name, value in os.environ.items() if name != "TF_USE_LEGACY_KERAS"}
    if legacy is not None:
        environment["TF_USE_LEGACY_KERAS"] = legacy
    if legacy == "1" and first and NAME == "keras":
        first = "import tensorflow"  # here TensorFlow's own Keras is not to be had
    code = f"{first}\n{USE}" + ("assert tf.keras.layers.Layer is kept" if "kept" in first else "")
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, env=environment, check=False)
    # Who imports TensorFlow first reads what it says.
    errors = [line for line in result.stderr.splitlines() if not (first and TENSORFLOWS_OWN.match(line))]
    assert (result.returncode, errors) == (0, [])
    name, version, kinds, value, changed = json.loads(result.stdout)
    assert (name, version.split(".")[:2]) == (NAME, tf.__version__.split(".")[:2])
    assert kinds == [True, True, True]
    assert value == -2.1972  # 9 sequences of the same score
    assert changed == []


@pytest.mark.parametrize(
    ("tensorflow", "installed", "package", "expected"),
    [
        ("2.15.1", {"keras": "2.15.0", "tf_keras": "2.16.0"}, "keras", None),
        ("2.16.0-rc1", {"keras": "3.9.0", "tf_keras": "2.16.0"}, "tf_keras", None),
        ("2.15.1", {"keras": "3.9.0"}, None, 'found keras 3.9.0, expected keras 2.15: pip install "keras==2.15.*"'),
        (
            "2.21.0",
            {"keras": "3.9.0", "tf_keras": "2.20.1"},
            None,
            'found tf-keras 2.20.1, expected tf-keras 2.21: pip install "tf-keras==2.21.*"',
        ),
        ("2.21.0", {"keras": "3.9.0"}, None, 'found no tf-keras, expected tf-keras 2.21: pip install "tf-keras==2.21.*"'),
    ],
)
def test_the_package_is_that_of_the_version(monkeypatch, tensorflow, installed, package, expected):
    def version(name):
        if name not in installed:
            raise importlib.metadata.PackageNotFoundError(name)
        return installed[name]

    monkeypatch.setattr(importlib.metadata, "version", version)
    monkeypatch.setattr(importlib, "import_module", lambda name: name)
    if expected is None:
        assert albert.keras._keras_2(tensorflow) == package
        return
    with pytest.raises(UserError) as error:
        albert.keras._keras_2(tensorflow)
    assert str(error.value) == f"Keras 2 of TensorFlow {tensorflow}: {expected}"
