"""Children of a process that has used a tagger say so at once, and do not hang."""

import os
import pathlib
import subprocess
import sys

import pytest

from tests.ner.tiny import tiny_model_dir

ROOT = pathlib.Path(__file__).resolve().parents[3]

# A child that loads a tagger before its parent does, and what each child of a parent with a tagger does. The alarm ends one that hangs.
SCRIPT = """
import os, signal, sys
import ner
import ner.tagging.tagger
from albert.errors import UserError
directory = sys.argv[1]
child = os.fork()
if child == 0:
    signal.alarm(100)
    ner.Tagger.load(directory).tag("北京上海")
    os._exit(0)
_, status = os.waitpid(child, 0)
assert os.waitstatus_to_exitcode(status) == 0, status
tagger = ner.Tagger.load(directory)
tagger.tag("北京上海")
for action in (lambda: tagger.tag("北京"), lambda: ner.Tagger.load(directory), lambda: next(tagger.predictor.pieces(["北京"]))):
    child = os.fork()
    if child == 0:
        signal.alarm(60)
        try:
            action()
            os._exit(1)
        except UserError as e:
            os._exit(0 if "forked after a tagger was loaded" in str(e) else 2)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0, status
tagger.tag("上海")
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_children(tmp_path):
    model = tiny_model_dir(tmp_path / "model")
    done = subprocess.run([sys.executable, "-c", SCRIPT, str(model)], cwd=ROOT, capture_output=True, text=True, check=False, timeout=300)
    assert (done.returncode, done.stderr) == (0, "")
