"""Each request's way in and out: the token, the log, the metrics."""

import base64
import binascii
import hmac
import json
import sys
import time
from typing import Any, Optional, TextIO

from ner.server.answers import json_response
from ner.server.connection import TOO_MANY
from ner.server.metrics import Metrics

# TensorFlow's words for HTTP's statuses, in the count of its name.
_OUTCOMES = {
    200: "OK",
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    404: "NOT_FOUND",
    408: "DEADLINE_EXCEEDED",
    413: "INVALID_ARGUMENT",
    422: "INVALID_ARGUMENT",
    429: "RESOURCE_EXHAUSTED",
    499: "CANCELLED",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}


class Log:
    """Lines of JSON about what happens, never with a text of a request.

    Args:
      out: where they go; by default standard error.
      requests: whether each request has a line.
    """

    def __init__(self, out: Optional[TextIO] = None, requests: bool = True):
        self._out, self._requests = out, requests

    def event(self, message: str, error: bool = False) -> None:
        """Write what happened to the server."""
        self._write({"level": "error" if error else "info", "message": message})

    def request(self, **values: Any) -> None:
        """Write about a request."""
        if self._requests:
            self._write({"level": "info", **values})

    def _write(self, values):
        now = time.time()
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now)) + f".{int(now % 1 * 1000):03d}Z"
        out = self._out or sys.stderr
        try:
            out.write(json.dumps({"time": stamp, **values}, ensure_ascii=True) + "\n")
            out.flush()
        except (OSError, ValueError):  # a full disk, a closed pipe: the server goes on
            pass


class Access:
    """ASGI middleware around the application.

    Args:
      app: the application.
      metrics: gets each request.
      log: likewise.
      token: what requests have to bring, or None.
      open_paths: paths that need no token.
    """

    def __init__(self, app, metrics: Metrics, log: Log, token: Optional[str], open_paths: frozenset):
        self._app, self._metrics, self._log, self._open = app, metrics, log, open_paths
        self._token = None if token is None else token.encode()

    async def __call__(self, scope, receive, send):
        """Answer a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.monotonic()
        status, size, noted = 0, 0, False

        async def counting_send(message):
            nonlocal status, size, noted
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"].append((b"x-content-type-options", b"nosniff"))
            else:
                size += len(message.get("body", b""))
                if not message.get("more_body"):
                    # Before it is sent: who has the answer finds the request in the log.
                    noted = True
                    self._note(scope, status, size, time.monotonic() - started)
            await send(message)

        try:
            refusal = self._refusal(scope)
            await (refusal or self._app)(scope, receive, counting_send)
        finally:
            if not noted:
                self._note(scope, status, size, time.monotonic() - started)

    def _note(self, scope, status, size, seconds):
        path = getattr(scope.get("route"), "path", None)
        outcome = _OUTCOMES.get(status, "UNKNOWN") if path and path.endswith(":predict") else None
        # A path that is none of ours may hold anything.
        self._metrics.request(path or "other", status, seconds, outcome)
        client = (scope.get("client") or ("",))[0]
        milliseconds = round(1000 * seconds, 2)
        self._log.request(method=scope["method"], path=path, status=status, milliseconds=milliseconds, bytes=size, client=client)

    def _refusal(self, scope):
        """The answer to a request that the application does not get to see, or None."""
        if TOO_MANY in scope:
            message = "found too many connections, expected fewer; try again later"
            return json_response({"error": message}, 503, {"Retry-After": "1", "Connection": "close"})
        if self._token is None or scope["path"] in self._open or scope["method"] == "OPTIONS" or self._is_known(scope["headers"]):
            return None
        message = "found no valid token, expected the header Authorization: Bearer TOKEN"
        return json_response({"error": message}, 401, {"WWW-Authenticate": "Bearer"})

    def _is_known(self, headers):
        given = next((value for name, value in headers if name == b"authorization"), b"")
        kind, _, value = given.strip().partition(b" ")
        value = value.strip()
        if kind.lower() == b"basic":
            # From a user and password in a URL, as HTTP clients send them.
            try:
                value = base64.b64decode(value, validate=True).partition(b":")[2]
            except (binascii.Error, ValueError):
                return False
        elif kind.lower() != b"bearer":
            return False
        return hmac.compare_digest(value, self._token)
