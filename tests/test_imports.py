"""Importing the packages: quick, silent, one TensorFlow and one Keras. Each case needs an interpreter of its own."""

import json
import os
import pathlib
import platform
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).parent.parent


def run_python(code, *options):
    """Run ``code`` with no variable set that quietens TensorFlow or Python."""
    quieting = ("TF_CPP_MIN_LOG_LEVEL", "PYTHONWARNINGS", "TF_ENABLE_ONEDNN_OPTS")
    environment = {name: value for name, value in os.environ.items() if name not in quieting}
    return subprocess.run(
        [sys.executable, *options, "-c", code], capture_output=True, text=True, cwd=ROOT, env=environment, timeout=120, check=False
    )


def assert_silent(result):
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


@pytest.mark.numbers
@pytest.mark.parametrize("options", [(), ("-W", "always"), ("-W", "error")], ids=["default", "-W always", "-W error"])
@pytest.mark.parametrize(
    "statement",
    [
        "import albert, ner",
        "import albert; albert.AlbertEncoder",
        "from ner.layers import CRF",
        "from ner.layers import BiLSTM",
        "from ner.lexicon import Lexicon; from ner.tags import convert; from ner.formats import find_writer",
        "import run_ner",
    ],
)
def test_importing_prints_nothing(statement, options):
    assert_silent(run_python(statement, *options))


def test_using_the_crf_prints_nothing():
    code = "from ner.layers import CRF; import tensorflow as tf; CRF(3).decode(tf.zeros([2, 5, 3]), tf.constant([5, 2]))"
    assert_silent(run_python(code))


@pytest.mark.numbers
def test_tagging_warns_of_nothing():
    result = run_python("import ner; print(len(ner.Tagger.load().tag('李明在上海。')))", "-W", "error")
    assert (result.returncode, result.stdout, result.stderr) == (0, "2\n", "")


def test_packages_import_quickly_and_without_tensorflow():
    code = """
import json, sys, time
start = time.perf_counter()
import albert, ner
seconds = time.perf_counter() - start
print(json.dumps([seconds, sorted({"tensorflow", "keras", "tensorflow_addons"} & set(sys.modules))]))
"""
    seconds, modules = json.loads(run_python(code).stdout)
    assert modules == []
    assert seconds < 1


@pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="oneDNN is part of TensorFlow's x86 builds")
@pytest.mark.parametrize(("set_before", "expected"), [("", "True"), ("os.environ['TF_ENABLE_ONEDNN_OPTS'] = '0'; ", "False")])
def test_onednn_is_on_unless_turned_off(set_before, expected):
    code = "import albert; from tensorflow.python.util import _pywrap_util_port; print(_pywrap_util_port.IsMklEnabled())"
    assert run_python(f"import os; {set_before}{code}").stdout == f"{expected}\n"


def test_unknown_name_is_an_attribute_error():
    for package in ("albert", "ner"):
        result = run_python(f"import {package}; {package}.Nonsense")
        assert result.stderr.endswith(f"AttributeError: module '{package}' has no attribute 'Nonsense'\n")


def test_bulk_tagging_without_beam_is_one_line():
    code = "import runpy, sys; sys.modules['apache_beam'] = None; runpy.run_module('ner.beam', run_name='__main__')"
    result = run_python(code)
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr.startswith("error: ner.beam: ") and result.stderr.count("\n") == 1
    assert result.stderr.endswith("; expected apache-beam, as the extra named beam has it: pip install -e .[beam]\n")


@pytest.mark.parametrize("package", ["albert", "ner"])
def test_every_public_name_exists(package):
    code = f"""
import {package}
for name in {package}.__all__:
    getattr({package}, name)
assert set({package}.__all__) <= set(dir({package}))
"""
    assert_silent(run_python(code))
