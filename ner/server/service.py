"""Tagging for the server: which queue a request waits in, and for how long."""

import asyncio
import math
from collections.abc import Callable
from typing import Optional

from ner.decoding.gazetteer import Gazetteer
from ner.server.batching import Full, Job, Question, Queue
from ner.server.errors import HttpError
from ner.server.metrics import Metrics
from ner.server.models import Models, Version
from ner.server.questions import check_gazetteer
from ner.server.settings import ServerSettings

# What nginx logs for a client that does not wait for its answer.
CLIENT_LEFT = 499
# A request of more characters waits in a queue of its own, so that it does not hold up those that are answered in milliseconds.
LONG = 10_000
# A batch of more texts, or characters, gains nothing.
_BATCH_TEXTS, _BATCH_CHARACTERS = 256, 50_000


class Service:
    """Answers questions about texts, in batches.

    Args:
      models: what answers.
      settings: names, waits and limits.
      batch_size: for a batch of as many texts no others are waited for.

    Attributes:
      models, settings: as given.
      metrics: of all this.
      stopping: whether the server has been told to stop.
      connections: function that gives how many connections there are.
    """

    def __init__(self, models: Models, settings: ServerSettings, batch_size: int = 64):
        self.models, self.settings, self.stopping = models, settings, False
        self.connections: Callable[[], float] = lambda: math.inf
        self.metrics = Metrics(settings.name, lambda: self._short.waiting + self._long.waiting, lambda: models.current.number)
        most = settings.limits.max_queue
        self._short = Queue(
            settings.batch_wait_ms / 1000,
            batch_size,
            _BATCH_TEXTS,
            _BATCH_CHARACTERS,
            most,
            # Each connection waits for one answer.
            lambda: self.connections() - self._long.jobs,
            self.metrics.batch,
        )
        self._long = Queue(0.0, 1, 1, 1, most, observe=self.metrics.batch)

    def close(self) -> None:
        """Compute what is asked already, then stop."""
        self._short.close()
        self._long.close()
        self.models.close()

    async def answer(
        self, texts: list[str], version: Optional[Version] = None, tags: bool = False, gazetteer: Optional[Gazetteer] = None, gone=None
    ) -> list:
        """Results of texts: a list of ``Entity``, or of tags, for each.

        Args:
          texts: strings.
          version: the model that answers; by default the newest.
          tags: whether tags are wanted, not entities.
          gazetteer: terms in the place of the server's own, or None.
          gone: coroutine function that returns when nobody waits for the answer any more, or None; awaited for long texts alone.

        Raises:
          HttpError: there is no room, no time, or the gazetteer does not fit.
        """
        if not texts:
            return []
        version = version or self.models.current
        if gazetteer is not None:
            check_gazetteer(version.predictor, gazetteer)
        loop = asyncio.get_running_loop()
        job = Job(Question(version, tags, gazetteer), texts, loop.create_future())
        is_long = job.characters > LONG
        try:
            (self._long if is_long else self._short).put(job)
        except Full as e:
            raise HttpError(
                429, f"found {e.waiting:,} characters waiting, expected room for {job.characters:,} more; try again later", e.seconds
            ) from e
        seconds = self.settings.limits.answer_timeout
        late = HttpError(504, f"found no answer within {seconds:g} s, expected one; fewer or shorter texts take less", retry_after=1)
        timer = loop.call_later(seconds, _refuse, job.future, late)
        watch = loop.create_task(_refuse_when(gone, job.future)) if is_long and gone else None
        try:
            return await job.future
        finally:
            timer.cancel()
            if watch:
                watch.cancel()


def _refuse(future, error):
    if not future.done():
        future.set_exception(error)


async def _refuse_when(gone, future):
    await gone()
    _refuse(future, HttpError(CLIENT_LEFT, "found that the client has left, expected it to wait", close=True))
