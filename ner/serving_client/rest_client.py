"""Client for TensorFlow Serving's REST interface, in its row format; needs the standard library alone."""

import http.client
import json
import threading
import urllib.parse

from ner.serving_client.base import Client, ServingError, Unavailable
from ner.serving_client.texts import without_surrogates

# Too many requests, and what a proxy says while the server behind it restarts or is overloaded.
_RETRIED = (429, 502, 503, 504)


class RestClient(Client):
    """Tags texts through REST; may be used by several threads, each with a connection of its own that stays open.

    Args:
      url: ``http://host:port`` or ``https://…``; TensorFlow Serving's usual port is 8501.
      model: the model's name on the server.
      version: number of a version, or None for the server's choice.
      **settings: see ``Client``.

    Raises:
      ServingError: the URL is not of this form.
    """

    def __init__(self, url, model="ner", version=None, **settings):
        super().__init__(**settings)
        parts = _split(url)
        if parts is None:
            raise ServingError(f"found the URL {url!r}, expected http://host:port")
        connection_class = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        self._connect = lambda: connection_class(parts.netloc, timeout=self.timeout)
        versions = f"/versions/{version}" if version is not None else ""
        self._path = (
            f"{urllib.parse.quote(parts.path.rstrip('/'), safe='/%')}/v1/models/{urllib.parse.quote(model, safe='')}{versions}:predict"
        )
        self._address = f"{parts.scheme}://{parts.netloc}{self._path}"
        self._local = threading.local()

    @property
    def address(self):
        """Where requests go, for messages."""
        return self._address

    def close(self):
        """Close this thread's connection; those of other threads close with their threads."""
        connection = self._local.__dict__.pop("connection", None)
        if connection is not None:
            connection.close()

    def _predict(self, texts):
        body = json.dumps({"instances": [{"text": without_surrogates(text)} for text in texts]}, ensure_ascii=False).encode()
        status, answer = self._post(body)
        if status in _RETRIED:
            raise Unavailable(f"HTTP {status}: {answer[:200]!r}")
        try:
            values = json.loads(answer)
            if status == http.client.OK:
                return values["predictions"]
            problem = values["error"]
        except (ValueError, KeyError, TypeError):
            problem = repr(answer[:200])
        raise ServingError(f"{self.address}: HTTP {status}: {problem}")

    def _post(self, body):
        """(status, body) of the answer to a request."""
        if "connection" not in self._local.__dict__:
            self._local.connection = self._connect()
        connection = self._local.connection
        try:
            connection.request("POST", self._path, body, {"Content-Type": "application/json"})
            response = connection.getresponse()
            return response.status, response.read()
        except TimeoutError as e:
            self.close()
            raise ServingError(f"{self.address}: no answer within {self.timeout} s") from e
        except (OSError, http.client.HTTPException) as e:
            self.close()
            raise Unavailable(f"{type(e).__name__}: {e}") from e


def _split(url):
    """The parts of a URL that a client can be made of, or None."""
    try:
        parts = urllib.parse.urlsplit(url)
        usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:  # a port that is no number, half an IPv6 address
        return None
    return parts if usable and not ("@" in parts.netloc or parts.query or parts.fragment) else None
