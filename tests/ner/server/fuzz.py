"""Mutants of requests, and good ones among them: the status fits, the good are answered right, and the server stays as it was.

``python -m tests.ner.server.fuzz 20000 [SEED]`` sends as many.
"""

import collections
import http.client
import json
import pathlib
import random
import socket
import sys
import tempfile
import time
from concurrent import futures

from ner.server.settings import Limits
from tests.fuzz.mutate import mutate_bytes, mutate_json
from tests.ner.server.running import running
from tests.ner.server.toy import entities_of

CLIENTS = 16
LIMITS = Limits(receive_timeout=0.2, max_body_mb=0.05, max_texts=50, max_characters=3000)
# 0: the server hung up, as on what is no HTTP for long, or what the client had not sent to its end.
STATUSES = {0, 200, 400, 404, 405, 408, 413, 415, 422, 429, 431, 503}
_ALPHABET = '京沪李明在a😀 \n"\\\u0301\u2028\x00'
_PATHS = ("/tag", "/v1/models/ner:predict", "/v1/models/ner/versions/1:predict")
_OTHER_PATHS = (
    *("/", "/page.js", "/info", "/healthz", "/readyz", "/metrics", "/openapi.json", "/v1/models/ner", "/v1/models/ner/metadata"),
    *("/v1/models/ner/versions/2:predict", "/v1/models/", "/v1/models/%00:predict", "/tag/", "//tag", "/tag?text=x", "/../etc/passwd", "*"),
    *("/%e4%ba%ac", "/%ff", "/%", "/tag;x", "/tag%2f", "http://x/tag", "/docs", "/favicon.ico", "/" + "a" * 5000, ""),
)
_HEADERS = (
    *("Content-Length: -1", "Content-Length: 5", "Content-Length: 99999999999999999999", "Content-Length: x", "Transfer-Encoding: chunked"),
    *("Transfer-Encoding: gzip", "Content-Encoding: gzip", "Expect: 100-continue", "Expect: x", "Connection: close", "Connection: upgrade"),
    *("Upgrade: websocket", "Upgrade: h2c", "Origin: http://x", "Host: ", "Authorization: Basic \xff", "Range: bytes=0-1", "Accept: x/y"),
    *("Content-Type: text/plain; charset=gb18030", "Cookie: " + "a" * 9000, "X: " + "b" * 70_000, ": x", "A b: c", "A:\x01", " folded"),
    *("X-Forwarded-For: 1.2.3.4", "If-None-Match: *", "Accept-Encoding: gzip, br", "Content-Length: 3\r\nContent-Length: 4"),
)
_METHODS = ("GET", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "CONNECT", "PRI", "get", "", "POST POST", "M" * 300)


def make_text(numbers):
    """A text of 0 to 40 characters."""
    return "".join(numbers.choices(_ALPHABET, k=numbers.randint(0, 40)))


def good_request(numbers):
    """(path, value of the body, check of the parsed answer)."""
    texts = [make_text(numbers) for _ in range(numbers.randint(0, 5))]
    entities = [[e.to_dict() for e in entities_of(text)] for text in texts]
    path = numbers.choice(_PATHS)
    if path == "/tag":
        expected = {"results": [{"text": text, "entities": own} for text, own in zip(texts, entities)]}
        if len(texts) == 1 and numbers.random() < 0.5:
            return path, {"text": texts[0]}, expected.__eq__
        return path, {"texts": texts}, expected.__eq__
    rows = [numbers.choice((text, {"text": text})) for text in texts]

    def check(answer):
        found = answer["predictions"]
        counts = [row["num_entities"] for row in found]
        return counts == list(map(len, entities)) and all(
            row[f"entity_{key}"][: len(own)] == [entity[key] for entity in own]
            for row, own in zip(found, entities)
            for key in ("start", "end", "label", "text", "score")
        )

    return path, {"instances": rows}, check


def raw(method, path, headers, body):
    """The bytes of a request."""
    lines = [f"{method} {path} HTTP/1.1", "Host: x", *headers]
    return "\r\n".join([*lines, "", ""]).encode("utf-8", "surrogateescape") + body


def bad_request(numbers):
    """The bytes of a request that may be wrong in any of its parts."""
    path, value, _ = good_request(numbers)
    body = json.dumps(value, ensure_ascii=numbers.random() < 0.5).encode()
    method, headers = "POST", []
    kind = numbers.randrange(7)
    if kind == 0:
        body = mutate_bytes(numbers, body, [body])
    elif kind == 1:
        body = mutate_json(numbers, body, [body])
    elif kind == 2:
        path = numbers.choice(_OTHER_PATHS)
    elif kind == 3:
        method = numbers.choice(_METHODS)
    elif kind == 4:
        headers = numbers.sample(_HEADERS, numbers.randint(1, 3))
    elif kind == 5:
        body = numbers.choice((body * 3000, json.dumps({"text": "京" * 4000}).encode(), json.dumps({"texts": [""] * 51}).encode(), b""))
    if not any(header.startswith(("Content-Length", "Transfer")) for header in headers) and numbers.random() < 0.98:
        headers = [*headers, f"Content-Length: {len(body)}"]
    data = raw(method, path, headers, body)
    if kind == 6:
        data = mutate_bytes(numbers, data, [data])
    if numbers.random() < 0.05:
        data = data[: numbers.randrange(len(data) + 1)]
    return data


def exchange(port, data, method):
    """(status, body) of the answer to some bytes; status 0 for none."""
    with socket.create_connection(("127.0.0.1", port), 20) as connection:
        try:
            connection.sendall(data)
        except OSError:
            return 0, b""
        response = http.client.HTTPResponse(connection, method=method)
        try:
            response.begin()
            return response.status, response.read()
        except (http.client.HTTPException, ConnectionError):
            return 0, b""


def send(port, number, seed):
    """Send request ``number``; returns (kind of outcome, what is wrong with it or None)."""
    numbers = random.Random(f"{seed} {number}")
    if number % 5 == 0:
        path, value, check = good_request(numbers)
        body = json.dumps(value).encode()
        status, answer = exchange(port, raw("POST", path, [f"Content-Length: {len(body)}"], body), "POST")
        right = status == 200 and check(json.loads(answer))
        return "right", None if right else f"found {status} {answer[:200]!r} to {value}"
    data = bad_request(numbers)
    method = data.split(b" ", 1)[0].decode("latin-1")
    status, answer = exchange(port, data, method)
    return str(status), problem(status, answer, method)


def problem(status, answer, method):
    """What is wrong with an answer to a request that may be wrong itself, or None."""
    if status not in STATUSES:
        return f"the status {status}"
    if status < 400 or method == "HEAD":
        return None
    try:
        message = json.loads(answer)["error"]
    except (ValueError, KeyError, TypeError):
        return f"{status} with {answer[:200]!r}"
    return None if message and "\n" not in message and len(message) < 500 else f"{status} with the message {message[:600]!r}"


def fuzz(count, seed=0):
    """Send ``count`` requests to a server of the toy; returns (how many there were of each outcome, lines about what was wrong)."""
    with tempfile.TemporaryDirectory() as path, running(pathlib.Path(path), limits=LIMITS) as server:
        with futures.ThreadPoolExecutor(CLIENTS) as pool:
            results = list(pool.map(lambda number: send(server.port, number, seed), range(count)))
        wrong = [f"request {number}: {what}" for number, (_, what) in enumerate(results) if what]
        wrong += [line["message"] for line in server.logged() if line["level"] == "error"]
        if server.ask("POST", "/tag", {"text": "京城"})[0] != 200:
            wrong.append("the server does not answer any more")
        waiting = server.service._short.waiting + server.service._long.waiting
        if waiting:
            wrong.append(f"{waiting} characters wait for ever")
    return collections.Counter(kind for kind, _ in results), wrong


def main(count, seed="0"):
    """Print outcomes and what was wrong; returns 1 if anything was."""
    started = time.time()
    outcomes, wrong = fuzz(int(count), int(seed))
    print(f"{count} requests, {time.time() - started:.0f} s: {dict(sorted(outcomes.items()))}; wrong: {len(wrong)}")
    print("\n".join(wrong[:50]))
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
