"""What the clients share: batches, time limits, retries, and entities from answers."""

import random
import time

from albert.errors import UserError
from ner.entity import Entity
from ner.serving_client.texts import list_of_texts

OUTPUTS = ("num_entities", "entity_start", "entity_end", "entity_label", "entity_score")


class ServingError(UserError):
    """The server did not answer, or not as the exported model does; or a client cannot be made of what it was given."""


class Unavailable(Exception):
    """A request failed in a way that another try may mend; tagging changes nothing on a server, so trying again is safe."""


class Client:
    """Tags texts on a server.

    Args:
      timeout: seconds that one request may take; over REST, that its server may be silent.
      retries: how often a request is sent again after the server was not reached, was overloaded or broke off. A request that ran out of
        its own time is not.
      backoff: seconds to wait before the first retry; each further wait is up to twice as long, at most ``max_backoff``.
      max_backoff: in seconds.
      batch_size: texts per request.

    Raises:
      ServingError: one of them is out of its range.
    """

    def __init__(self, timeout=10.0, retries=5, backoff=0.1, max_backoff=5.0, batch_size=64):
        if not timeout > 0:
            raise ServingError(f"timeout: found {timeout}, expected more than 0")
        for name, value, least in (
            ("retries", retries, 0),
            ("backoff", backoff, 0),
            ("max_backoff", max_backoff, 0),
            ("batch_size", batch_size, 1),
        ):
            if not value >= least:
                raise ServingError(f"{name}: found {value}, expected at least {least}")
        self.timeout, self.retries, self.backoff, self.max_backoff, self.batch_size = timeout, retries, backoff, max_backoff, batch_size

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
        for attempt in range(self.retries + 1):
            try:
                return self._predict(texts)
            except Unavailable as e:
                if attempt == self.retries:
                    raise ServingError(f"{self.address}: {e}; gave up after {attempt + 1} tries") from e
                # Random, so that clients cut off together do not come back together.
                time.sleep(min(self.max_backoff, self.backoff * 2**attempt) * random.uniform(0.5, 1.0))
        raise AssertionError("unreachable")

    def _read(self, texts, rows):
        if not isinstance(rows, list) or len(rows) != len(texts):
            found = f"{len(rows)} answers" if isinstance(rows, list) else str(rows)[:200]
            raise ServingError(f"{self.address}: found {found}, expected {len(texts)} answers")
        try:
            return [_entities(text, row) for text, row in zip(texts, rows)]
        except (KeyError, TypeError, ValueError) as e:
            raise ServingError(
                f"{self.address}: found {str(rows)[:200]}, expected the outputs {', '.join(OUTPUTS)} of an exported tagger"
            ) from e

    @property
    def address(self):
        """Where requests go, for messages."""
        raise NotImplementedError

    def _predict(self, texts):
        """Rows of the answer: per text a dict with ``OUTPUTS``, lists padded. Raises Unavailable or ServingError."""
        raise NotImplementedError


def _entities(text, row):
    """Entities of a row. Raises KeyError, TypeError or ValueError when it is of another form."""
    count = int(row["num_entities"])
    columns = [row[name][:count] for name in OUTPUTS[1:]]
    if any(len(column) != count for column in columns):
        raise ValueError(f"found {min(map(len, columns))} entities, expected {count}")
    return [Entity(start, end, label, text[start:end], float(score)) for start, end, label, score in zip(*columns)]
