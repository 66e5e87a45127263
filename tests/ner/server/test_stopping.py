"""A server that is told to stop, and one whose version changes, while many ask."""

import json
import random
import re
import signal
import socket
import threading
import time
from concurrent import futures

import pytest

from ner.serving_client import RestClient
from tests.ner.server.running import Process
from tests.ner.server.running import ask as ask_server
from tests.ner.server.toy import entities_of, write_version


@pytest.fixture(name="base")
def _base(tmp_path):
    write_version(tmp_path / "base", 1, "1 0.00002")
    return tmp_path / "base"


def crowd(clients, requests, client, right):
    """How many of ``requests`` requests by ``clients`` threads were answered rightly."""
    alphabet = "京沪李明在a😀"

    def run(number):
        choose, count = random.Random(number), 0
        with client() as own:
            for _ in range(requests // clients):
                text = "".join(choose.choices(alphabet, k=choose.randint(1, 60)))
                count += right(own.tag(text), text)
        return count

    with futures.ThreadPoolExecutor(clients) as pool:
        return sum(pool.map(run, range(clients)))


def test_sigterm_answers_what_was_accepted(base):
    server = Process(base, "batch_wait_ms=3000.0", "port=0")
    answers = []

    def ask():
        with RestClient(f"http://127.0.0.1:{server.port}", retries=0) as client:
            answers.append(client.tag("京城"))

    threads = [threading.Thread(target=ask) for _ in range(7)]
    # An open connection besides theirs lets them wait for what it may ask.
    other = socket.create_connection(("127.0.0.1", server.port))
    for thread in threads:
        thread.start()
    waiting = re.compile(rb"^albert_ner_waiting_characters 21.0$", re.MULTILINE)
    while not waiting.search(ask_server(server.port, "GET", "/metrics")[1]):  # seven times three, with one for each text
        time.sleep(0.02)
        assert any(thread.is_alive() for thread in threads)
    server.process.send_signal(signal.SIGTERM)
    for thread in threads:
        thread.join()
    other.close()
    assert [[(e.text, e.label) for e in found] for found in answers] == [[("京城", "LOC")]] * 7
    assert server.wait() == 0
    messages = [json.loads(line).get("message") for line in server.lines]
    assert messages[-1] == "stopped" and "error" not in {json.loads(line)["level"] for line in server.lines}


@pytest.mark.parametrize(
    ("clients", "requests", "seconds"), [(13, 1300, 0.6), pytest.param(64, 20_032, 10.0, marks=pytest.mark.slow)], ids=["some", "many"]
)
def test_no_request_is_lost_when_the_server_is_replaced_or_its_version(base, clients, requests, seconds):
    first = Process(base, "port=0", "poll_seconds=0.05")
    second = []

    def change():
        time.sleep(seconds)
        write_version(base, 2, "2 0.00002")
        time.sleep(seconds)
        first.process.send_signal(signal.SIGTERM)
        first.wait()
        second.append(Process(base, f"port={first.port}"))

    def right(found, text):
        return found in (entities_of(text, 1), entities_of(text, 2))

    changing = threading.Thread(target=change)
    changing.start()
    address = f"http://127.0.0.1:{first.port}"
    assert crowd(clients, requests, lambda: RestClient(address, timeout=60, retries=60, max_backoff=0.5), right) == requests
    changing.join()
    assert any("version 2 is served" in line for line in first.lines)
    assert "Traceback" not in "".join(first.lines)
    second[0].process.send_signal(signal.SIGINT)
    assert second[0].wait() == 0
