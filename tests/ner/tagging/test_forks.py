"""Children of a process that has used a tagger say so at once, and do not hang."""

import os
import pathlib
import pickle
import subprocess
import sys

import pytest

from ner.tagging.tagger import Tagger
from tests.ner.tiny import tiny_model_dir, tiny_predictor

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


SPAWNS = """
import multiprocessing, pickle, sys
import ner
from concurrent.futures import ThreadPoolExecutor

TEXTS = ["北京上海", "江苏张李王", "", "王" * 99]

def spans(tagger):
    return [[tuple(entity.__dict__.values()) for entity in entities] for entities in tagger.tag_batch(TEXTS)]

if __name__ == "__main__":
    tagger = ner.Tagger.load(sys.argv[1])
    expected = spans(tagger)
    assert any(expected)
    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(spans, [tagger] * 8)) == [expected] * 8
    assert pickle.loads(pickle.dumps(tagger)).labels == tagger.labels
    with multiprocessing.get_context("spawn").Pool(1) as processes:
        assert processes.map(spans, [tagger]) == [expected]
"""


def test_threads_share_a_tagger_and_spawned_processes_load_it_again(tmp_path):
    model = tiny_model_dir(tmp_path / "model")
    (tmp_path / "script.py").write_text(SPAWNS, encoding="utf-8")
    # By a relative path from another directory: the child may have a working directory of its own.
    command = [sys.executable, str(tmp_path / "script.py"), "model"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=model.parent, env=environment, capture_output=True, text=True, check=False, timeout=300)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_tagger_without_a_path_is_not_pickled(tmp_path):
    with pytest.raises(TypeError, match="not made by Tagger.load"):
        pickle.dumps(Tagger(tiny_predictor(tmp_path)))
