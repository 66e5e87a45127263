"""Batches across connections."""

import asyncio
import threading

import pytest

from ner.decoding.gazetteer import Gazetteer, Term
from ner.server import batching
from ner.server.batching import Full, Job, Question, Queue
from ner.server.models import Version
from tests.ner.server.toy import ToyPredictor, entities_of


class Held(ToyPredictor):
    """Notes the texts of each call, and waits in the first until it is let go."""

    def __init__(self):
        super().__init__()
        self.calls, self.go = [], threading.Event()

    def pieces(self, texts):
        """See ``ToyPredictor``."""
        self.calls.append(list(texts))
        assert self.go.wait(20)
        return super().pieces(self.calls[-1])


def job(version, *texts, **question):
    """A job of some texts."""
    return Job(Question(version, **question), list(texts), asyncio.get_running_loop().create_future())


async def held_queue(predictor, version, **changed):
    """(a queue that computes a first job until it is let go, the job)."""
    queue = Queue(**{"wait": 0.0, "enough_texts": 3, "most_texts": 5, "most_characters": 1000, "most": 100, **changed})
    first = job(version, "first")
    queue.put(first)
    while not predictor.calls:
        await asyncio.sleep(0.001)
    return queue, first


def test_what_comes_meanwhile_is_one_batch_and_each_gets_its_own():
    async def run():
        predictor = Held()
        version = Version(1, "", predictor)
        queue, first = await held_queue(predictor, version)
        jobs = [job(version, "京城"), job(version, "李明", "", "沪上"), job(version, "a"), job(version, "京a京b")]
        for each in jobs:
            queue.put(each)
        predictor.go.set()
        for each in (first, *jobs):
            assert await each.future == [entities_of(text) for text in each.texts]
        # No more than five texts together, and a job is not torn apart.
        assert predictor.calls == [["first"], ["京城", "李明", "", "沪上", "a"], ["京a京b"]]
        queue.close()

    asyncio.run(run())


def test_different_questions_do_not_share_a_batch():
    async def run():
        predictor = Held()
        version, other = Version(1, "", predictor), Version(2, "", ToyPredictor(shift=5))
        queue, first = await held_queue(predictor, version)
        gazetteer = Gazetteer([Term("明京", "LOC")])
        jobs = [
            job(version, "李明京城"),
            job(other, "李明京城"),
            job(version, "李明京城", tags=True),
            job(version, "李明京城", gazetteer=gazetteer),
            job(version, "京城"),
        ]
        for each in jobs:
            queue.put(each)
        predictor.go.set()
        entities = entities_of("李明京城")
        assert await jobs[0].future == [entities]
        assert await jobs[1].future == [entities_of("李明京城", shift=5)]
        assert await jobs[2].future == [["B-PER", "I-PER", "B-LOC", "I-LOC"]]
        assert await jobs[3].future == [entities_of("李明京城", gazetteer=gazetteer)]
        assert await jobs[4].future == [entities_of("京城")]
        # The last has overtaken those in between.
        assert predictor.calls[1] == ["李明京城", "京城"]
        await first.future
        queue.close()

    asyncio.run(run())


def test_a_batch_waits_for_others_but_not_for_long():
    async def run():
        version = Version(1, "", ToyPredictor())
        sizes = []
        queue = Queue(0.05, 3, 5, 1000, 100, observe=lambda jobs, seconds: sizes.append(len(jobs)))
        loop = asyncio.get_running_loop()
        alone = job(version, "京城")
        started = loop.time()
        queue.put(alone)
        await alone.future
        assert 0.04 < loop.time() - started < 5
        two = [job(version, "京城"), job(version, "李明")]
        for each in two:
            queue.put(each)
        await asyncio.gather(*(each.future for each in two))
        assert sizes == [1, 2]
        queue.close()
        # Three are enough, however long the wait.
        queue = Queue(600.0, 3, 5, 1000, 100)
        three = [job(version, "京城") for _ in range(3)]
        for each in three:
            queue.put(each)
        await asyncio.wait_for(asyncio.gather(*(each.future for each in three)), 20)
        # And two are when there can be no more.
        queue.close()
        queue = Queue(600.0, 3, 5, 1000, 100, lambda: 2)
        for each in (two := [job(version, "京城") for _ in range(2)]):
            queue.put(each)
        await asyncio.wait_for(asyncio.gather(*(each.future for each in two)), 20)
        # And what waits when the queue is closed is computed.
        late = job(version, "京城")
        queue.put(late)
        await loop.run_in_executor(None, queue.close)
        assert await late.future == [entities_of("京城")]

    asyncio.run(run())


def test_full_and_abandoned():
    async def run():
        predictor = Held()
        version = Version(1, "", predictor)
        queue, first = await held_queue(predictor, version)
        assert queue.waiting == len("first") + 1
        fits = job(version, "a" * 93)
        queue.put(fits)
        with pytest.raises(Full) as e:
            queue.put(job(version, ""))
        assert e.value.waiting == 100 and e.value.seconds > 0
        fits.future.cancel()
        predictor.go.set()
        await first.future
        large = job(version, "a" * 1000)
        while queue.waiting:
            await asyncio.sleep(0.001)
        queue.put(large)  # an empty queue has room
        assert await large.future == [[]]
        assert predictor.calls == [["first"], ["a" * 1000]]
        queue.close()

    asyncio.run(run())


def test_the_rest_of_an_abandoned_batch_is_left_out():
    read = []

    def texts():
        for text in ("a", "b", "c", "d"):
            read.append(text)
            yield text

    batching.compute(Question(Version(1, "", ToyPredictor())), texts(), lambda: len(read) == 2)
    assert read == ["a", "b"]


def test_an_error_reaches_its_own_batch_alone():
    async def run():
        predictor = ToyPredictor()
        version = Version(1, "", predictor)
        queue = Queue(0.0, 3, 5, 1000, 100)
        bad = job(version, "京")
        bad.texts = [None]
        queue.put(bad)
        with pytest.raises(TypeError):
            await bad.future
        good = job(version, "京城")
        queue.put(good)
        assert await good.future == [entities_of("京城")]
        queue.close()

    asyncio.run(run())
