"""Servers of the toy for tests: in a thread of this process, or in one of their own."""

import contextlib
import http.client
import io
import json
import re
import socket
import subprocess
import sys
import threading

from ner.server.access import Log
from ner.server.models import Models
from ner.server.run import make_server
from ner.server.service import Service
from ner.server.settings import ServerSettings
from tests.ner.server.toy import load


class Running:
    """A server in this process.

    Attributes:
      port: where it listens.
      service: its service.
      log: ``io.StringIO`` of what it logs.
    """

    def __init__(self, path, settings, token):
        self.log = io.StringIO()
        log = Log(self.log, settings.access_log)
        self.service = Service(Models(str(path), load, settings.poll_seconds, log.event), settings)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._server = make_server(self.service, log, token)
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [self._listener]})
        self._thread.start()

    def ask(self, method, path, body=None, headers=None):
        """(status, answer, headers) of a request over a connection of its own; the answer is parsed if it is JSON."""
        return ask(self.port, method, path, body, headers)

    def tell_to_stop(self):
        """As SIGTERM does."""
        self.service.stopping = True
        self._server.should_exit = True

    def close(self):
        """Stop it and wait for it."""
        self.tell_to_stop()
        self._thread.join()
        self.service.close()

    def logged(self):
        """The parsed lines of its log."""
        return [json.loads(line) for line in self.log.getvalue().splitlines()]


@contextlib.contextmanager
def running(path, token=None, **settings):
    """A :class:`Running` with some of ``ServerSettings``."""
    server = Running(path, ServerSettings(**settings), token)
    try:
        yield server
    finally:
        server.close()


def ask(port, method, path, body=None, headers=None):
    """(status, answer, headers) of a request; a body that is no bytes is sent as JSON."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    with contextlib.closing(connection):
        if body is not None and not isinstance(body, (bytes, str)):
            body = json.dumps(body).encode()
        connection.request(method, path, body, headers or {})
        response = connection.getresponse()
        answer = response.read()
        if response.headers.get_content_type() == "application/json":
            answer = json.loads(answer)
        return response.status, answer, response.headers


class Process:
    """A server of the toy in a process of its own, which can be sent signals.

    Args:
      path: the model's directory.
      values: settings as ``name=value``.
    """

    def __init__(self, path, *values):
        command = [sys.executable, "-m", "tests.ner.server.toy", str(path), *values]
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        self.lines = []
        while True:
            self.lines.append(self.process.stderr.readline())
            assert self.lines[-1], "".join(self.lines)
            found = re.search(r"at http://127\.0\.0\.1:(\d+)\"", self.lines[-1])
            if found:
                self.port = int(found[1])
                break
        # What it writes is read, so that it never waits.
        self._reader = threading.Thread(target=lambda: self.lines.extend(self.process.stderr), daemon=True)
        self._reader.start()

    def wait(self):
        """Its exit code when it has ended."""
        code = self.process.wait(60)
        self._reader.join()
        return code
