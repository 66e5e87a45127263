"""``albert-ner serve``: its mistakes. That it serves is tested with its clients (``tests/ner/serving_client``)."""

import re
import signal
import socket
import subprocess
import sys

import pytest

from albert.errors import FieldError, UserError
from ner.cli import serve
from ner.server.run import serve as start
from ner.server.settings import ServerSettings
from ner.tagging.settings import ModelSettings
from tests.ner.server.running import ask
from tests.ner.server.toy import load


def test_mistakes_are_one_line(tmp_path):
    command = [sys.executable, "-m", "ner.cli", "serve", f"--export_dir={tmp_path}", "--port=99999"]
    result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    expected = "error: --port: found 99999, expected a whole number in [0, 65535]\n"
    assert (result.returncode, result.stdout, result.stderr) == (1, "", expected)


def test_wrong_settings(tmp_path, monkeypatch):
    (tmp_path / "empty").write_text("\n")
    (tmp_path / "two").write_text("a b\n")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        for given, message in (
            ({"port": port}, f"port: cannot listen on {port} of '127.0.0.1': Address already in use"),
            ({"host": "999.1.1.1"}, "host: found '999.1.1.1', expected an address of this machine"),
            ({"name": "a/b"}, "name: found 'a/b', expected letters, digits, dots, hyphens and underscores"),
            ({"cors_origins": ("example.org",)}, "cors_origins: found 'example.org', expected such as https://example.org, or *"),
            ({"token_file": f"{tmp_path}/none"}, f"token_file: cannot read {tmp_path}/none: No such file or directory"),
            ({"token_file": f"{tmp_path}/empty"}, f"token_file: found nothing in {tmp_path}/empty, expected one line without spaces"),
            ({"token_file": f"{tmp_path}/two"}, f"token_file: found spaces in {tmp_path}/two, expected one line without spaces"),
        ):
            with pytest.raises(FieldError, match=re.escape(message)) as e:
                start(str(tmp_path), load, ServerSettings(**{"port": 0, **given}))
            assert "\n" not in str(e.value)
    with pytest.raises(UserError, match="found no exported model"):
        serve.run(serve.ServeCommand(export_dir=str(tmp_path)))
    both = {"export_dir": "a", "model": ModelSettings(model_dir="b")}
    with pytest.raises(FieldError, match="export_dir: found a beside model_dir, expected one of the two"):
        serve.ServeCommand(**both)
    # The tagger that the environment names is no contradiction.
    monkeypatch.setenv("ALBERT_NER_MODEL", "b")
    serve.ServeCommand(**both)


def test_the_missing_extra_is_named():
    code = "import sys; sys.modules['fastapi'] = None; from ner.cli.main import main; main(['albert-ner', 'serve'])"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=120)
    assert result.returncode == 1
    assert result.stderr.startswith("error: found no package fastapi") and "'albert-ner[serve]'" in result.stderr
    assert result.stderr.count("\n") == 1


@pytest.mark.slow
def test_the_shipped_tagger_with_and_without_a_gazetteer():
    command = [sys.executable, "-m", "ner.cli", "serve", "--port=0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        port = int(re.search(r"127\.0\.0\.1:(\d+)", process.stderr.readline())[1])
        text = "江苏省委书记到上海交通大学看望李明教授。"
        (found,) = ask(port, "POST", "/tag", {"text": text})[1]["results"]
        assert [e["text"] for e in found["entities"] if e["label"] != "LOC"][-2:] == ["上海交通大学", "李明"]
        (other,) = ask(port, "POST", "/tag", {"text": text, "gazetteer": [{"text": "交通大学", "label": "ORG"}]})[1]["results"]
        assert "交通大学" in [e["text"] for e in other["entities"]]
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
