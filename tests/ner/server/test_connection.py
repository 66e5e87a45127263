"""Clients that send much, slowly, or something that is no HTTP; that leave; that are many."""

import contextlib
import json
import re
import socket
import time

from ner.server.connection import MAX_HEADER_BYTES
from ner.server.settings import Limits
from tests.ner.server.running import running
from tests.ner.server.toy import write_version


def connect(server):
    """A socket to a server that closes itself."""
    return contextlib.closing(socket.create_connection(("127.0.0.1", server.port), 20))


def read_all(connection):
    """(status, answer) of what comes until the server closes the connection."""
    data = b""
    with contextlib.suppress(ConnectionResetError):
        while part := connection.recv(65536):
            data += part
    head, _, body = data.partition(b"\r\n\r\n")
    return int(head.split()[1]) if head else 0, json.loads(body) if body else None


def read_answer(connection):
    """Status of the next answer on a connection, all of which is read; 0 when the server closes it."""
    data = b""
    while b"\r\n\r\n" not in data:
        part = connection.recv(1)
        if not part:
            return 0
        data += part
    length = int(re.search(rb"content-length: (\d+)", data.lower())[1])
    while length:
        length -= len(connection.recv(length))
    return int(data.split()[1])


def works(server):
    """Whether it still answers."""
    return server.ask("POST", "/tag", {"text": "京城"})[0] == 200


def test_large_body(tmp_path):
    with running(tmp_path, limits=Limits(max_body_mb=0.5, max_characters=1_000_000)) as server:
        fits = b'{"text": "%s"}' % (b"a" * ((1 << 19) - 12))
        assert server.ask("POST", "/tag", fits)[0] == 200
        for extra in (1, 10 << 20):
            status, answer, headers = server.ask("POST", "/tag", fits + b" " * extra)
            assert (status, headers["Connection"]) == (413, "close")
            assert answer["error"] == "found a body of more than 524,288 bytes, expected at most as many"
        assert works(server)


def test_slow_senders(tmp_path):
    with running(tmp_path, limits=Limits(receive_timeout=0.8)) as server:
        with connect(server) as connection:
            assert read_all(connection) == (0, None)
        for begun in (
            b"POST /t",
            b"POST /tag HTTP/1.1\r\nHost: x\r\n",
            b'POST /tag HTTP/1.1\r\nHost: x\r\nContent-Length: 20\r\n\r\n{"te',
        ):
            started = time.monotonic()
            with connect(server) as connection:
                connection.sendall(begun)
                status, answer = read_all(connection)
            assert status == 408 and "within 0.8 s" in answer["error"]
            assert time.monotonic() - started < 10
        # Byte by byte is no way around it.
        with connect(server) as connection:
            with contextlib.suppress(OSError):
                for _ in range(50):
                    connection.sendall(b"a")
                    time.sleep(0.05)
            assert time.monotonic() - started < 10
        assert works(server)


def test_a_connection_may_be_used_again_and_may_rest(tmp_path):
    with running(tmp_path, limits=Limits(receive_timeout=0.3, idle_timeout=5)) as server, connect(server) as connection:
        request = b'POST /tag HTTP/1.1\r\nHost: x\r\nContent-Length: 14\r\n\r\n{"text": "ab"}'
        for pause in (0.0, 0.5, 0.0):
            time.sleep(pause)
            connection.sendall(request)
            assert read_answer(connection) == 200
        # Two at once are answered one after the other.
        connection.sendall(request * 2)
        assert [read_answer(connection), read_answer(connection)] == [200, 200]


def test_idle_connections_are_closed(tmp_path):
    with running(tmp_path, limits=Limits(idle_timeout=1)) as server, connect(server) as connection:
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        assert read_answer(connection) == 200
        assert read_answer(connection) == 0


def test_what_is_no_http(server):
    for data in (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc", b"hello\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"GET \xff HTTP/1.1\r\n\r\n"):
        with connect(server) as connection:
            connection.sendall(data)
            status, answer = read_all(connection)
        assert status == 400 and "not HTTP" in answer["error"]
    for data in (b"GET /" + b"a" * (2 * MAX_HEADER_BYTES), b"GET / HTTP/1.1\r\nA: " + b"a" * (2 * MAX_HEADER_BYTES)):
        with connect(server) as connection:
            with contextlib.suppress(OSError):
                connection.sendall(data)
            status, answer = read_all(connection)
        assert status in (431, 0)  # 0: it hung up before all was sent
    assert works(server)


def test_clients_that_leave(tmp_path):
    base = tmp_path / "base"
    write_version(base, 1, "0 0.0001")
    with running(base) as server:
        long = json.dumps({"text": "京城" * 10_000}).encode()
        for body in (b'{"text": "ab"}', long, long):
            with connect(server) as connection:
                connection.sendall(b"POST /tag HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        with connect(server) as connection:
            connection.sendall(b"POST /tag HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
        assert works(server)
        deadline = time.monotonic() + 10
        while server.service._long.waiting and time.monotonic() < deadline:
            time.sleep(0.05)
        assert not [line for line in server.logged() if line["level"] == "error"]
        # Both long texts take two seconds each: of the second, nobody waits any more when its turn comes.
        statuses = [line["status"] for line in server.logged()]
        assert statuses.count(499) == 2 and 400 in statuses


def test_too_many_connections(tmp_path):
    with running(tmp_path, limits=Limits(max_connections=2)) as server:
        with connect(server), connect(server):
            # Connections are known when they have been accepted, which those two may not yet be.
            while (found := server.ask("GET", "/healthz"))[0] == 200:
                pass
            assert found[0] == 503 and found[2]["Connection"] == "close"
            assert found[1] == {"error": "found too many connections, expected fewer; try again later"}
        while not works(server):
            pass


def test_a_full_queue_and_a_late_answer(tmp_path):
    base = tmp_path / "base"
    write_version(base, 1, "0 0.001")
    with running(base, limits=Limits(max_queue=600, answer_timeout=0.4)) as server, connect(server) as connection:
        body = json.dumps({"text": "京城" * 250}).encode()
        connection.sendall(b"POST /tag HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        while not server.service._short.waiting:
            time.sleep(0.01)
        status, answer, headers = server.ask("POST", "/tag", {"text": "京城" * 51})
        assert (status, headers["Retry-After"]) == (429, "1")
        assert "501 characters waiting" in answer["error"]
        assert read_answer(connection) == 504
        while server.service._short.waiting:
            time.sleep(0.01)
        assert works(server)
