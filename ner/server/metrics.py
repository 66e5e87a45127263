"""Metrics for Prometheus: TensorFlow Serving's names where they mean the same, ``albert_ner_…`` for the rest."""

from collections.abc import Callable, Iterator
from typing import Optional

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, disable_created_metrics, generate_latest
from prometheus_client.core import Metric

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
# Upper ends of TensorFlow Serving's buckets: 10 microseconds, each 1.8 times the one before.
_MICROSECONDS = [10 * 1.8**n for n in range(33)]
_CHARACTERS = [10, 30, 100, 300, 1000, 3000, 10_000, 30_000, 100_000, 300_000]
_SIZES = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024]

disable_created_metrics()  # a second series beside each, which nobody asks for


class _RequestCount:
    """TensorFlow Serving's count of requests, whose name does not end in ``_total`` as Prometheus' own library would have it."""

    def __init__(self, model):
        self._model, self.counts = model, {}

    def collect(self) -> Iterator[Metric]:
        """Its samples."""
        metric = Metric(":tensorflow:serving:request_count", "Requests of :predict by their outcome.", "unknown")
        for status, count in sorted(self.counts.items()):
            metric.add_sample(metric.name, {"model_name": self._model, "status": status}, count)
        yield metric


class Metrics:
    """Metrics of a server.

    Args:
      model: the model's name.
      waiting: function that gives the characters that wait for an answer.
      version: function that gives the number of the version that is served.
    """

    def __init__(self, model: str, waiting: Callable[[], int], version: Callable[[], int]):
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        self._predictions = _RequestCount(model)
        self._registry.register(self._predictions)
        latency = self._histogram(
            ":tensorflow:serving:request_latency",
            "Microseconds from the request to its answer.",
            _MICROSECONDS,
            ["model_name", "API", "entrypoint"],
        )
        self._latency = latency.labels(model, "predict", "REST")
        runtime = self._histogram(
            ":tensorflow:serving:runtime_latency",
            "Microseconds that a batch took to compute.",
            _MICROSECONDS,
            ["model_name", "API", "runtime"],
        )
        self._runtime = runtime.labels(model, "Predict", "albert-ner")
        queuing = self._histogram(
            ":tensorflow:serving:batching_session:queuing_latency", "Microseconds that a request waited.", _MICROSECONDS, ["model_name"]
        )
        self._queuing = queuing.labels(model)
        self._requests = Counter("albert_ner_requests", "Requests by path and status.", ["path", "status"], registry=self._registry)
        self._texts = Counter("albert_ner_texts", "Texts that were tagged.", registry=self._registry)
        self._characters = Counter("albert_ner_characters", "Characters that were tagged.", registry=self._registry)
        self._batch_texts = self._histogram("albert_ner_batch_texts", "Texts of a batch.", _SIZES)
        self._request_characters = self._histogram("albert_ner_request_characters", "Characters of a request.", _CHARACTERS)
        for name, text, function in (
            ("albert_ner_waiting_characters", "Characters that wait for an answer.", waiting),
            ("albert_ner_version", "Number of the version that is served.", version),
        ):
            Gauge(name, text, registry=self._registry).set_function(function)

    def _histogram(self, name, text, buckets, labels=()):
        return Histogram(name, text, labels, buckets=buckets, registry=self._registry)

    def request(self, path: str, status: int, seconds: float, outcome: Optional[str] = None) -> None:
        """Note a request; ``outcome`` is TensorFlow Serving's word for its end if it was a ``:predict``."""
        self._requests.labels(path, status).inc()
        if outcome is not None:
            self._predictions.counts[outcome] = self._predictions.counts.get(outcome, 0) + 1
            self._latency.observe(1e6 * seconds)

    def batch(self, jobs, seconds: float) -> None:
        """Note a batch of jobs that took some seconds to compute; called by the threads that compute."""
        self._runtime.observe(1e6 * seconds)
        texts = 0
        for job in jobs:
            self._queuing.observe(1e6 * (job.started - job.arrived))
            self._request_characters.observe(job.characters - len(job.texts))
            self._characters.inc(job.characters - len(job.texts))
            texts += len(job.texts)
        self._batch_texts.observe(texts)
        self._texts.inc(texts)

    def page(self) -> tuple[bytes, str]:
        """(all of them as text, its content type)."""
        return generate_latest(self._registry), CONTENT_TYPE
