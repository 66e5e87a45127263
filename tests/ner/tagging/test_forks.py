"""Children of a process that has used a tagger say so at once, and do not hang."""

import os
import pathlib
import subprocess
import sys

import pytest

from tests.ner.tiny import tiny_model_dir

ROOT = pathlib.Path(__file__).resolve().parents[3]

# What each child does; a parent that waits for one that hangs is killed by the alarm.
SCRIPT = """
import os, signal, sys
import ner
from albert.errors import UserError
directory = sys.argv[1]
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
LOADS_IN_THE_CHILD = """
import os, signal, sys
import ner
import ner.tagging.tagger
child = os.fork()
if child == 0:
    signal.alarm(100)
    ner.Tagger.load(sys.argv[1]).tag("北京上海")
    os._exit(0)
_, status = os.waitpid(child, 0)
sys.exit(os.waitstatus_to_exitcode(status))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.parametrize("script", [SCRIPT, LOADS_IN_THE_CHILD])
def test_children(tmp_path, script):
    model = tiny_model_dir(tmp_path / "model")
    done = subprocess.run([sys.executable, "-c", script, str(model)], cwd=ROOT, capture_output=True, text=True, check=False, timeout=300)
    assert (done.returncode, done.stderr) == (0, "")
