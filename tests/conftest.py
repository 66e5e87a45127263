"""Set-up of every test: the CPU, two threads, fixed seeds, no chatter."""

import os
import random
import sys

# Before anything imports TensorFlow. Expected numbers are a CPU's; two threads are what a small machine has.
os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["ALBERT_NER_LANG"] = "en"
os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "2")
os.environ.setdefault("TF_NUM_INTEROP_THREADS", "2")

import numpy as np
import pytest

import albert  # noqa: F401 - sets what TensorFlow reads when it is imported


@pytest.fixture(autouse=True)
def seeds():
    """No test depends on which ran before it."""
    random.seed(1)
    np.random.seed(1)
    # Tests that do without TensorFlow are not made to wait for its import.
    if "tensorflow" in sys.modules:
        sys.modules["tensorflow"].random.set_seed(1)
