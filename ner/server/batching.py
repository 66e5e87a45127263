"""Batches of what different connections ask: a queue, and the thread that computes what waits in it."""

import asyncio
import collections
import contextlib
import dataclasses
import math
import threading
import time
from typing import Callable, NamedTuple, Optional

from ner.decoding.gazetteer import Gazetteer
from ner.server.models import Version
from ner.tagging.protocol import TextPredictor

# Share of a new measurement in the speed that is remembered.
_NEWS = 0.2
# Characters per second before anything was measured.
_FIRST_SPEED = 10_000.0


class Question(NamedTuple):
    """Conditions under which texts are asked about; texts of equal questions are computed together.

    Attributes:
      version: the model that answers.
      tags: whether tags are wanted, not entities.
      gazetteer: terms in the place of the server's own, or None.
    """

    version: Version
    tags: bool = False
    gazetteer: Optional[Gazetteer] = None


class Full(Exception):
    """The queue has no room.

    Attributes:
      waiting: characters that wait.
      seconds: when there may be some.
    """

    def __init__(self, waiting: int, seconds: float):
        super().__init__(waiting, seconds)
        self.waiting, self.seconds = waiting, seconds


@dataclasses.dataclass(eq=False)
class Job:
    """The texts of a request on their way to an answer.

    Attributes:
      question: what is asked.
      texts: strings.
      future: gets one result per text: a list of ``Entity``, or of tags. A job whose future is done is not computed.
      arrived: ``time.monotonic()`` of its arrival.
      started: … of its computation's beginning, 0 before.
      characters: of its texts, and one for each.
    """

    question: Question
    texts: list[str]
    future: asyncio.Future
    arrived: float = 0.0
    started: float = 0.0
    characters: int = 0

    def __post_init__(self):
        # An empty text is work too.
        self.characters = sum(map(len, self.texts)) + len(self.texts)


class Queue:
    """Jobs of different connections, and a thread that computes them in batches.

    The predictor puts the texts of a batch together by their lengths. Jobs are computed in the order of their arrival, except that equal
    questions overtake others of a batch.

    Args:
      wait: seconds that the first job of a batch waits for others when nothing is being computed, unless all that could come are there.
      enough_texts: for a batch of as many texts no others are waited for.
      most_texts, most_characters: of a batch; one has more only if a job has.
      most: characters that may wait.
      askers: function that gives how many jobs there can be at a time, as far as is known.
      observe: function of a batch's jobs and the seconds it took, or None.
    """

    def __init__(
        self,
        wait: float,
        enough_texts: int,
        most_texts: int,
        most_characters: int,
        most: int,
        askers: Callable[[], float] = lambda: math.inf,
        observe: Optional[Callable[[list[Job], float], object]] = None,
    ):
        self._wait, self._enough, self._most = wait, enough_texts, most
        self._most_texts, self._most_characters = most_texts, most_characters
        self._askers, self._observe = askers, observe
        self._jobs: collections.deque[Job] = collections.deque()
        self._waiting_texts = self._waiting = self._computing = 0
        self._idle_since = 0.0
        self._speed = _FIRST_SPEED
        self._changed = threading.Condition()
        self._closing = False
        self._thread = threading.Thread(target=self._work, name="tagging", daemon=True)
        self._thread.start()

    @property
    def waiting(self) -> int:
        """Characters that wait, or are being computed."""
        return self._waiting + self._computing

    @property
    def jobs(self) -> int:
        """Jobs that wait."""
        return len(self._jobs)

    def put(self, job: Job) -> None:
        """Add a job, from the thread of its future's event loop.

        Raises:
          Full: there is no room. An empty queue has room for any job.
        """
        characters = job.characters
        with self._changed:
            if self.waiting and self.waiting + characters > self._most:
                raise Full(self.waiting, self.waiting / self._speed)
            job.arrived = time.monotonic()
            self._jobs.append(job)
            self._waiting += characters
            self._waiting_texts += len(job.texts)
            # The thread is woken for the first job, and for the one that fills a batch; between them it sleeps.
            if len(self._jobs) == 1 or self._is_full():
                self._changed.notify()

    def close(self) -> None:
        """Compute what is there, then end the thread."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._thread.join()

    def _is_full(self):
        return self._waiting_texts >= self._enough or self._waiting >= self._most_characters or len(self._jobs) >= self._askers()

    def _work(self):
        while True:
            batch = self._next_batch()
            if batch is None:
                return
            if batch:
                self._compute(batch)
            # Not to keep texts and models for as long as nobody asks.
            del batch

    def _next_batch(self):
        """The jobs of a batch when it is time for it, those that nobody waits for left out; None when there will be none any more."""
        with self._changed:
            self._computing, self._idle_since = 0, time.monotonic()
            while not self._jobs:
                if self._closing:
                    return None
                self._changed.wait()
            # Those that the last batch has answered may ask again: from here on, however long the first has waited already.
            due = max(self._jobs[0].arrived, self._idle_since) + self._wait
            while not (self._closing or self._is_full()):
                left = due - time.monotonic()
                if left <= 0:
                    break
                self._changed.wait(left)
            return self._take()

    def _take(self):
        question, batch, kept, texts = self._jobs[0].question, [], [], 0
        while self._jobs:
            job = self._jobs[0]
            if batch and (texts >= self._most_texts or self._computing + job.characters > self._most_characters):
                break
            self._jobs.popleft()
            if job.question is not question and job.question != question:
                kept.append(job)
                continue
            self._waiting -= job.characters
            self._waiting_texts -= len(job.texts)
            if not job.future.done():
                batch.append(job)
                self._computing += job.characters
                texts += len(job.texts)
        self._jobs.extendleft(reversed(kept))
        return batch

    def _compute(self, batch):
        started = time.monotonic()
        for job in batch:
            job.started = started
        texts = [text for job in batch for text in job.texts]
        try:
            results = compute(batch[0].question, texts, lambda: all(job.future.done() for job in batch))
            outcome = [(job, None) for job in batch]
        except Exception as e:
            results, outcome = [], [(job, e) for job in batch]
        seconds = time.monotonic() - started
        self._speed += _NEWS * (self._computing / max(seconds, 1e-6) - self._speed)
        if self._observe:
            self._observe(batch, seconds)
        with contextlib.suppress(RuntimeError):  # the loop is closed: the server did not wait for this any longer
            batch[0].future.get_loop().call_soon_threadsafe(_deliver, outcome, results)


def _deliver(outcome, results):
    position = 0
    for job, error in outcome:
        count = len(job.texts)
        if not job.future.done():
            if error is not None:
                job.future.set_exception(error)
            else:
                job.future.set_result(results[position : position + count])
        position += count


def compute(question: Question, texts: list[str], abandoned: Callable[[], bool] = lambda: False) -> list:
    """Results of texts: a list of ``Entity``, or of tags, for each.

    Args:
      question: what is asked.
      texts: strings.
      abandoned: tells that nobody waits any more; asked after each text. Then the rest is left out.
    """
    predictor: TextPredictor = question.version.predictor
    if question.gazetteer is not None:
        predictor = predictor.with_gazetteer(question.gazetteer)
    if question.tags:
        return predictor.tags(texts)
    results = []
    for entities in predictor.entities(texts):
        results.append(entities)
        if abandoned():
            break
    return results
