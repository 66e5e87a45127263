"""Commands in a terminal of 80 columns: what stands on the screen."""

import os
import pathlib
import re
import select
import struct
import subprocess
import sys
import time
import unicodedata

import pytest

from ner.tagging.tagger import Tagger
from tests.ner.tiny import tiny_model_dir
from tests.ner.training import toy
from tests.ner.training.toy import sentences

fcntl, termios = pytest.importorskip("fcntl"), pytest.importorskip("termios")

ROOT = pathlib.Path(__file__).resolve().parents[3]
COLUMNS = 80
# Colours, and the end of input as a terminal shows it.
ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\^D\x08\x08")


class Terminal:
    """A command whose standard streams are a terminal."""

    def __init__(self, *arguments, **variables):
        self._ours, theirs = os.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, COLUMNS, 0, 0))
        environment = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
        environment.update(TERM="xterm-256color", LANG="C.UTF-8", PYTHONUTF8="1", **variables)
        command = [sys.executable, *arguments]
        self._process = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, cwd=ROOT, env=environment)
        os.close(theirs)
        self.output = ""

    def read_until(self, text, times=1, seconds=240):
        """Read until the output has ``text`` so many times; None: until the command ends."""
        deadline = time.monotonic() + seconds
        while text is None or self.output.count(text) < times:
            assert time.monotonic() < deadline, self.output
            if not select.select([self._ours], [], [], 1)[0]:
                continue
            try:
                data = os.read(self._ours, 1 << 16)
            except OSError:  # closed on the other side
                data = b""
            if not data:
                assert text is None, self.output
                return
            self.output += data.decode("utf-8", "replace")

    def type(self, keys):
        os.write(self._ours, keys.encode())

    def wait(self):
        self.read_until(None)
        os.close(self._ours)
        return self._process.wait()

    def states(self):
        """Every line that stood on the screen, those of a bar that were written over too, without colours."""
        plain = ESCAPE.sub("", self.output)
        return [state for line in plain.replace("\r\n", "\n").split("\n") for state in line.split("\r")]

    def screen(self):
        """The lines as they stand at the end."""
        lines = []
        for line in ESCAPE.sub("", self.output).replace("\r\n", "\n").split("\n"):
            shown = ""
            for state in line.split("\r"):
                shown = state + shown[len(state) :]
            lines.append(shown.rstrip())
        return lines


def width(text):
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def test_tag_asks_and_shows_entities_in_colour(tmp_path):
    model = tiny_model_dir(tmp_path / "model")
    text = "要他时来用们北京上海江苏张李王工作于地出就分对成会可主发年动"
    entities = Tagger.load(model).tag(text)
    assert len(entities) > 1
    terminal = Terminal("-m", "ner.cli", "tag", f"--model_dir={model}")
    terminal.read_until("> ")
    terminal.type(text + "\n")
    terminal.read_until("> ", times=2)
    terminal.type("\x04")
    assert terminal.wait() == 0
    assert [line for line in terminal.screen() if line] == [
        " LOC   ORG   PER",
        "Type a text and press Enter; Ctrl-D on an empty line ends.",
        f"> {text}",
        text,
        ">",
    ]
    colours = ("\x1b[38;5;16m\x1b[48;5;117m", "\x1b[38;5;16m\x1b[48;5;215m", "\x1b[38;5;16m\x1b[48;5;156m")
    for entity in entities:
        assert f"{colours[('LOC', 'ORG', 'PER').index(entity.label)]}{entity.text}\x1b[0m" in terminal.output


def test_train_and_evaluate(tmp_path):
    for split, count in (("train", 149), ("dev", 31), ("test", 29)):
        toy.write_columns(tmp_path / f"{split}.txt", sentences(count))
    toy.write_encoder_config(tmp_path / "albert_config.json")
    flags = ["--rnn=none", "--max_seq_length=37", "--train_batch_size=7", "--num_train_epochs=2", "--learning_rate=1e-2"]
    places = [f"--data_dir={tmp_path}", f"--output_dir={tmp_path / 'out'}", f"--albert_config_file={tmp_path / 'albert_config.json'}"]
    terminal = Terminal("run_ner.py", "--do_train", "--do_eval", "--mixed_precision=off", *flags, *places)
    assert terminal.wait() == 0
    screen = terminal.screen()
    bars = [state for state in terminal.states() if "sentences/s]" in state]
    assert bars and max(map(width, bars)) <= COLUMNS
    # A line each, in this order; nothing of a library in between.
    expected = [
        r"train: 149 sentences \(columns, [A-Z]+\); dev: .*",
        r"model: .*",
        r"peak learning rates: .*",
        r"precision: .*",
        r"\d+ steps to go, .* each: about .*, and the scoring of the dev set",
        r"epoch 1/2: 100%.*\| 149/149 .*loss \d.*",
        r"epoch 1: loss .*, dev precision .*, recall .*, F1 .*",
        r"epoch 2/2: 100%.*\| 149/149 .*loss \d.*",
        r"epoch 2: loss .*",
        r"(no )?plots: .*",
        r"trained 44 steps in .*",
        r"evaluating: 100%.*\| 29/29 .*",
        r".*test.txt: 29 sentences, .* a second",
        r" +conlleval reading +strict reading",
        r" +P +R +F1 .*",
        r"LOC .*",
        r"PER .*",
        r"overall .*",
        r"next: albert-ner tag --model_dir=.*",
        r"      albert-ner export --model_dir=.*",
    ]
    places = [next((i for i, line in enumerate(screen) if re.fullmatch(pattern, line)), None) for pattern in expected]
    assert None not in places, [expected[places.index(None)], screen]
    assert places == sorted(places), screen
    others = [line for i, line in enumerate(screen) if line and i not in places and not line.startswith(("data ", "places: "))]
    assert others == []
