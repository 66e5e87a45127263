"""Versions that come and go while they are served."""

import shutil
import time

import pytest

from albert.errors import UserError
from ner.server.models import Models
from tests.ner.server.running import running
from tests.ner.server.toy import entities_of, load, write_version


def until(true, seconds=20):
    """Wait until a function gives true."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.005)


@pytest.fixture(name="base")
def _base(tmp_path):
    base = tmp_path / "base"
    write_version(base, 3, "3")
    return base


@pytest.fixture(name="watched")
def _watched(base):
    said = []
    models = Models(str(base), load, 0.01, lambda message, error=False: said.append((message, error)))
    models.said = said
    yield models
    models.close()


def test_newer_versions_take_over(base, watched):
    old = watched.current
    assert (old.number, old.predictor.shift, watched.watched) == (3, 3, True)
    write_version(base, 2, "2")  # an older one is of no interest
    write_version(base, 4, "4")
    until(lambda: watched.current.number == 4)
    assert watched.current.predictor.shift == 4
    assert old.predictor.shift == 3  # and whoever has it can still use it
    assert watched.said == [("version 4 is served in the place of version 3", False)]
    assert watched.states() == [(4, "AVAILABLE", "")]
    shutil.rmtree(base / "4")
    until(lambda: watched.current.number == 3)


def test_a_broken_version_is_told_once_and_tried_again_when_it_changes(base, watched):
    write_version(base, 5, "broken")
    until(lambda: watched.said)
    time.sleep(0.1)
    assert len(watched.said) == 1 and watched.said[0][1] and "found a broken model" in watched.said[0][0]
    assert watched.current.number == 3
    assert watched.states()[0][:2] == (5, "END") and "found a broken model" in watched.states()[0][2]
    (base / "5" / "saved_model.pb").write_text("5")
    until(lambda: watched.current.number == 5)
    assert watched.states() == [(5, "AVAILABLE", "")]


def test_what_is_served_stays_when_all_is_gone(base, watched):
    shutil.rmtree(base)
    time.sleep(0.1)
    assert watched.current.number == 3
    write_version(base, 1, "1")
    until(lambda: watched.current.number == 1)


def test_no_model(tmp_path):
    write_version(tmp_path / "base", 1, "broken")
    with pytest.raises(UserError, match="found a broken model"):
        Models(str(tmp_path / "base"), load, 1.0, print)


def test_one_version_is_not_watched(base):
    models = Models(str(base / "3"), load, 0.01, print)
    assert (models.current.number, models.watched) == (3, False)
    models.close()


def test_requests_go_to_the_version_they_ask_for(base):
    with running(base, poll_seconds=0.01) as server:

        def score(path):
            status, answer, _ = server.ask("POST", path, {"instances": ["京城"]})
            return answer["predictions"][0]["entity_score"][0] if status == 200 else status

        assert score("/v1/models/ner:predict") == score("/v1/models/ner/versions/3:predict") == entities_of("京城", 3)[0].score
        write_version(base, 11, "7")
        until(lambda: server.service.models.current.number == 11)
        assert score("/v1/models/ner:predict") == score("/v1/models/ner/versions/11:predict") == entities_of("京城", 7)[0].score
        assert score("/v1/models/ner/versions/3:predict") == 404
        assert server.ask("GET", "/v1/models/ner")[1]["model_version_status"][0]["version"] == "11"
        assert any("version 11 is served" in line.get("message", "") for line in server.logged())
