"""Base of the clients: batches, time limits, retries, and entities from answers."""

import random
import time

from albert.errors import UserError
from ner.serving_client.answers import OUTPUTS, read_entities, show
from ner.serving_client.texts import list_of_texts

# Bytes of the largest answer that is read, and of one for each character of the longest text, of all texts.
_MAX_ANSWER_BYTES = 256 << 20
_BYTES_PER_CHARACTER = 1000
_LEAST_ANSWER_BYTES = 1 << 20


class ServingError(UserError):
    """The server did not answer, or not as the exported model does; or a client cannot be made of what it was given."""


class Unavailable(Exception):
    """A request failed in a way that another try may mend; tagging changes nothing on a server, so trying again is safe."""


class Client:
    """Tags texts on a server.

    Args:
      timeout: seconds that one request may take; over REST, that its server may be silent.
      total_timeout: seconds that a request may take in all, with its retries and however slowly its answer comes in; None for 12 times
        ``timeout``.
      retries: how often a request is sent again after the server was not reached, was overloaded or broke off. A request that ran out of
        its own time is not.
      backoff: seconds to wait before the first retry; each further wait is up to twice as long, at most ``max_backoff``.
      max_backoff: in seconds.
      batch_size: texts per request.

    Raises:
      ServingError: one of them is out of its range.
    """

    def __init__(self, timeout=10.0, retries=5, backoff=0.1, max_backoff=5.0, batch_size=64, total_timeout=None):
        total_timeout = 12 * timeout if total_timeout is None else total_timeout
        for name, value in (("timeout", timeout), ("total_timeout", total_timeout)):
            if not value > 0:
                raise ServingError(f"{name}: found {value}, expected more than 0")
        for name, value, least in (
            ("retries", retries, 0),
            ("backoff", backoff, 0),
            ("max_backoff", max_backoff, 0),
            ("batch_size", batch_size, 1),
        ):
            if not value >= least:
                raise ServingError(f"{name}: found {value}, expected at least {least}")
        self.timeout, self.total_timeout, self.batch_size = timeout, total_timeout, batch_size
        self.retries, self.backoff, self.max_backoff = retries, backoff, max_backoff

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """Close the connections."""

    def tag(self, text):
        """Entities of one text in the order of their offsets: list of ``Entity``."""
        return self.tag_batch([text])[0]

    def tag_batch(self, texts):
        """Entities of several texts: one list of ``Entity`` per text, in their order.

        Raises:
          ServingError: the server could not be reached in all tries, refused the request, or gave an answer of another form.
          TypeError: a text is no string, or there is a single string instead of several.
        """
        texts = list_of_texts(texts)
        result = []
        for start in range(0, len(texts), self.batch_size):
            batch = texts[start : start + self.batch_size]
            result += self._read(batch, self._try(batch))
        return result

    def _try(self, texts):
        deadline = time.monotonic() + self.total_timeout
        for attempt in range(self.retries + 1):
            try:
                return self._predict(texts, deadline)
            except Unavailable as e:
                # Random, so that clients cut off together do not come back together.
                wait = min(self.max_backoff, self.backoff * 2 ** min(attempt, 32)) * random.uniform(0.5, 1.0)
                if attempt == self.retries or time.monotonic() + wait >= deadline:
                    tries = f"{attempt + 1} tries" if attempt else "1 try"
                    raise ServingError(f"{self.address}: {e}; gave up after {tries}") from e
                time.sleep(wait)
        raise AssertionError("unreachable")

    def _read(self, texts, rows):
        if not isinstance(rows, list) or len(rows) != len(texts):
            found = f"{len(rows)} answers" if isinstance(rows, list) else show(rows)
            raise ServingError(f"{self.address}: found {found}, expected {len(texts)} answers")
        try:
            return [read_entities(text, row) for text, row in zip(texts, rows)]
        except ValueError as e:
            raise ServingError(f"{self.address}: found {e}, expected the outputs {', '.join(OUTPUTS)} of an exported tagger") from e

    @property
    def address(self):
        """Address of the requests, for messages."""
        raise NotImplementedError

    def _predict(self, texts, deadline):
        """Rows of the answer: per text a dict with ``OUTPUTS``, lists padded; of any form if the server is wrong.

        Args:
          texts: list of strings.
          deadline: the ``time.monotonic()`` at which there must be an answer or an error.

        Raises:
          Unavailable, ServingError.
        """
        raise NotImplementedError


def most_bytes(texts):
    """Bytes that an answer about some texts has at most: an entity for each character, printed as generously as servers do."""
    longest = max(map(len, texts), default=0)
    return min(_LEAST_ANSWER_BYTES + len(texts) * longest * _BYTES_PER_CHARACTER, _MAX_ANSWER_BYTES)
