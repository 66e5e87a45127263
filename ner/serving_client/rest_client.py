"""Client for TensorFlow Serving's REST interface, in its row format; needs the standard library alone."""

import functools
import http.client
import io
import json
import socket
import threading
import time

from albert.files import JsonError, parse_json
from ner.serving_client.addresses import parse_address
from ner.serving_client.answers import one_line
from ner.serving_client.base import Client, ServingError, Unavailable, most_bytes
from ner.serving_client.texts import without_surrogates

# Too many requests, and what a proxy says while the server behind it restarts or is overloaded.
_RETRIED = (429, 502, 503, 504)
# Beside its body an answer has a status line and headers.
_MAX_HEADER_BYTES = 1 << 20


class RestClient(Client):
    """Tags texts through REST; may be used by several threads, each with a connection of its own that stays open.

    Args:
      url: ``http://host:port`` or ``https://…``; TensorFlow Serving's usual port is 8501. Also with a path, as behind a proxy, or all of a
        model's URL (``…/v1/models/ner:predict``), and with a user and password, which go with each request.
      model: the model's name on the server; None for the one in the URL, or ``ner``.
      version: number of a version, or None for the server's choice.
      **settings: see ``Client``.

    Raises:
      ServingError: the URL is not of this form.
    """

    def __init__(self, url, model=None, version=None, **settings):
        super().__init__(**settings)
        try:
            self._address = parse_address(url, model, version)
        except ValueError as e:
            raise ServingError(str(e)) from e
        self._headers = {"Content-Type": "application/json"}
        if self._address.authorization:
            self._headers["Authorization"] = self._address.authorization
        self._local = threading.local()

    @property
    def address(self):
        """Address of the requests, for messages."""
        return self._address.url

    def close(self):
        """Close this thread's connection; those of other threads close with their threads."""
        connection = self._local.__dict__.pop("connection", None)
        if connection is not None:
            connection.close()

    def _predict(self, texts, deadline):
        body = json.dumps({"instances": [{"text": without_surrogates(text)} for text in texts]}, ensure_ascii=False).encode()
        status, answer = self._post(body, deadline, most_bytes(texts))
        if status in _RETRIED:
            raise Unavailable(f"HTTP {status}: {answer[:200]!r}")
        key = "predictions" if status == http.client.OK else "error"
        try:
            value = parse_json(answer)[key]
        except (JsonError, KeyError) as e:
            found = e if isinstance(e, JsonError) else f"no {key!r}"
            raise ServingError(f"{self.address}: HTTP {status}: found {found} in {answer[:200]!r}") from e
        if key == "error":
            raise ServingError(f"{self.address}: HTTP {status}: {one_line(value)}")
        return value

    def _post(self, body, deadline, most):
        """(status, body) of the answer to a request."""
        try:
            return self._answer(body, deadline, most)
        except (TimeoutError, socket.timeout) as e:  # one and the same since Python 3.10
            self.close()
            silent = time.monotonic() < deadline
            within = f"no answer within {self.timeout} s" if silent else f"no whole answer within {self.total_timeout} s"
            raise ServingError(f"{self.address}: {within}") from e
        except _TooLarge as e:
            self.close()
            raise ServingError(f"{self.address}: found an answer of more than {most:,} bytes, expected fewer for such texts") from e
        except (OSError, http.client.HTTPException) as e:
            self.close()
            raise Unavailable(f"{type(e).__name__}: {one_line(e)}") from e
        except (ValueError, OverflowError) as e:  # sizes of parts that are none
            self.close()
            raise ServingError(f"{self.address}: found an answer that is not HTTP ({one_line(e)})") from e

    def _answer(self, body, deadline, most):
        if "connection" not in self._local.__dict__:
            kind = http.client.HTTPSConnection if self._address.secure else http.client.HTTPConnection
            self._local.connection = kind(self._address.host)
        connection = self._local.connection
        silent = max(1e-3, min(self.timeout, deadline - time.monotonic()))
        connection.timeout = silent
        if connection.sock is not None:
            connection.sock.settimeout(silent)
        connection.response_class = functools.partial(_Response, self.timeout, deadline, most + _MAX_HEADER_BYTES)
        connection.request("POST", self._address.path, body, self._headers)
        response = connection.getresponse()
        if (response.length or 0) > most:
            raise _TooLarge
        # Of parts whose lengths the server says no more than this is set aside.
        answer = response.read(most + 1) if response.chunked else response.read()
        if len(answer) > most:
            raise _TooLarge
        return response.status, answer


class _TooLarge(Exception):
    """An answer has more bytes than one about such texts can have."""


class _Response(http.client.HTTPResponse):
    """A response that takes no longer and no more than it may, however it comes in and whatever it says of its length."""

    def __init__(self, silent, deadline, most, sock, *args, **options):
        super().__init__(sock, *args, **options)
        buffered, self.fp = self.fp, io.BufferedReader(_Bounded(sock, silent, deadline, most))
        buffered.close()


class _Bounded(io.RawIOBase):
    """The bytes that come from a socket, each part within ``silent`` seconds, all by ``deadline``, and at most ``most`` of them."""

    def __init__(self, sock, silent, deadline, most):
        super().__init__()
        # A file of its own keeps the socket open when the connection has closed its own.
        self._file, self._socket = sock.makefile("rb", buffering=0), sock
        self._silent, self._deadline, self._left = silent, deadline, most

    def readable(self):
        """It is."""
        return True

    def readinto(self, buffer):
        """Read what there is."""
        remaining = self._deadline - time.monotonic()
        if remaining <= 0:
            raise TimeoutError
        self._socket.settimeout(min(self._silent, remaining))
        count = self._file.readinto(buffer)
        self._left -= count or 0
        if self._left < 0:
            raise _TooLarge
        return count

    def close(self):
        """Close the file, not the connection."""
        self._file.close()
        super().close()
