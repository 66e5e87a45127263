"""The clients against servers that run an exported model in processes of their own.

They are one with TensorFlow Serving's published interfaces (kinds ``grpc`` and ``rest``), and ``albert-ner serve`` (kind ``serve``).
"""

import json
import pathlib
import random
import shlex
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from concurrent import futures

import pytest

pytest.importorskip("tensorflow_serving.apis.predict_pb2")

import ner
from ner.serving_client import GrpcClient, RestClient, ServingError
from tests.commands import run_ner_here
from tests.ner.export.exporting import EDGE_TEXTS, random_texts, save_tagger

ROOT = pathlib.Path(__file__).resolve().parents[3]


KINDS = ("grpc", "rest", "serve")


class _Server:
    """The servers as processes that can be killed and started again on the same ports."""

    def __init__(self, path):
        self.path, self.ports = path, {kind: _free_port() for kind in KINDS}
        self.processes = {}
        for kind in ("grpc", "serve"):
            self.start(kind, wait=False)
        for process in set(self.processes.values()):
            _wait_for(process)

    def start(self, kind, wait=True):
        """Start the process that answers to a kind; gRPC and REST share one."""
        ports = {name: str(port) for name, port in self.ports.items()}
        published = ["tests.ner.serving_client.serving", str(self.path / "1"), ports["grpc"], ports["rest"]]
        own = ["ner.cli", "serve", f"--export_dir={self.path}", f"--port={ports['serve']}", "--noaccess_log"]
        command = [sys.executable, "-m", *(own if kind == "serve" else published)]
        process = subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT if kind == "serve" else None, text=True
        )
        self.processes.update({kind: process} if kind == "serve" else {"grpc": process, "rest": process})
        if wait:
            _wait_for(process)

    def kill(self, *kinds):
        for kind in kinds or KINDS:
            self.processes[kind].kill()
            self.processes[kind].wait()

    def client(self, kind, **settings):
        if kind == "grpc":
            return GrpcClient(f"127.0.0.1:{self.ports[kind]}", **settings)
        return RestClient(f"http://127.0.0.1:{self.ports[kind]}", **settings)


def _wait_for(process):
    # TensorFlow may have said something before.
    assert any("ready" in line or "serving" in line for line in process.stdout)


def _free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


@pytest.fixture(name="work", scope="module")
def _work(tmp_path_factory):
    """(server, texts, their entities by the training output)."""
    work = tmp_path_factory.mktemp("serving")
    save_tagger(work / "model")
    run_ner_here(do_export=True, model_dir=str(work / "model"), export_dir=str(work / "base"))
    texts = [*EDGE_TEXTS, "\ud800京上海", *random_texts(150, seed=6)]
    server = _Server(work / "base")
    yield server, texts, ner.Tagger.load(work / "model").tag_batch(texts)
    server.kill()


def same(found, expected):
    """True if two lists of entities are equal, their scores to 2e-5."""
    return [(e.start, e.end, e.label, e.text) for e in found] == [(e.start, e.end, e.label, e.text) for e in expected] and all(
        abs(a.score - b.score) < 2e-5 for a, b in zip(found, expected)
    )


@pytest.mark.parametrize("kind", KINDS)
def test_entities_are_the_taggers(work, kind):
    server, texts, expected = work
    assert sum(map(len, expected)) > 100
    with server.client(kind, batch_size=37, timeout=60) as client:
        for text, found, entities in zip(texts, client.tag_batch(texts), expected):
            assert same(found, entities), repr(text)
        assert same(client.tag(texts[7]), expected[7])
        assert client.tag_batch([]) == []


@pytest.mark.parametrize("kind", KINDS)
def test_what_cannot_work_fails_at_once_and_says_why(work, kind):
    server, _, _ = work
    with server.client(kind, model="other", retries=50) as client, pytest.raises(ServingError, match="Servable not found"):
        client.tag("京")
    nowhere = _Server.__new__(_Server)
    nowhere.ports = {kind: _free_port()}
    with nowhere.client(kind, retries=2, backoff=0.01) as client, pytest.raises(ServingError, match="gave up after 3 tries"):
        client.tag("京")


@pytest.mark.parametrize("kind", KINDS)
def test_a_server_that_does_not_answer_is_not_waited_for(kind):
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        server = _Server.__new__(_Server)
        server.ports = {kind: silent.getsockname()[1]}
        started = time.monotonic()
        with server.client(kind, timeout=0.5, retries=0) as client, pytest.raises(ServingError):
            client.tag("京")
        assert time.monotonic() - started < 5


@pytest.mark.parametrize("kind", ["rest", "serve"])
def test_the_answer_to_the_curl_of_the_readme(work, kind):
    server, _, _ = work
    lines = (ROOT / "serving" / "README.md").read_text(encoding="utf-8").splitlines()
    words = shlex.split(next(line for line in lines if line.startswith("curl ")))
    body, url = words[words.index("-d") + 1], words[-1].replace(":8501", f":{server.ports[kind]}")
    with urllib.request.urlopen(urllib.request.Request(url, body.encode(), method="POST"), timeout=60) as response:
        (row,) = json.load(response)["predictions"]
    with server.client("grpc") as client:
        entities = client.tag(json.loads(body)["instances"][0])
    assert row["num_entities"] == len(entities)
    assert row["entity_text"][: len(entities)] == [entity.text for entity in entities]


def _crowd(server, kind, texts, expected, clients, requests, during=lambda: None):
    """``requests`` requests by ``clients`` threads; returns how many were answered rightly."""
    right, lock = [0], threading.Lock()
    share = [requests // clients + (i < requests % clients) for i in range(clients)]

    def run(number):
        choose = random.Random(number)
        with server.client(kind, timeout=120, retries=60, max_backoff=2.0) as client:
            for _ in range(share[number]):
                chosen = choose.choices(range(len(texts)), k=choose.choice((1, 1, 1, 3)))
                found = client.tag_batch([texts[i] for i in chosen])
                ok = all(same(entities, expected[i]) for entities, i in zip(found, chosen)) and len(found) == len(chosen)
                with lock:
                    right[0] += ok

    with futures.ThreadPoolExecutor(clients) as pool:
        waiting = [pool.submit(run, number) for number in range(clients)]
        during()
        for future in waiting:
            future.result()
    return right[0]


@pytest.mark.parametrize("kind", KINDS)
def test_a_crowd_survives_a_killed_server(work, kind):
    server, texts, expected = work

    def restart():
        time.sleep(0.5)
        server.kill(kind)
        server.start(kind)

    assert _crowd(server, kind, texts, expected, 16, 300, restart) == 300


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_20000_requests_by_64_clients(work, kind):
    server, texts, expected = work

    def restart():
        time.sleep(20)
        server.kill(kind)
        time.sleep(2)
        server.start(kind)

    assert _crowd(server, kind, texts, expected, 64, 20_000, restart) == 20_000
