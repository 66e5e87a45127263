"""The devices and machines a run trains on, by TensorFlow's own strategies.

A step's sentences are cut into as many equal parts as there are devices; gradients and losses are sums over the parts divided
by the sentences of the whole step, so that a step is the same whatever it runs on.
"""

import contextlib
import os

import tensorflow as tf

from albert.errors import FieldError, UserError
from albert.files import parse_json

# What TensorFlow raises on the workers that are left when one goes away.
_WORKER_ERRORS = (
    tf.errors.UnavailableError,
    tf.errors.AbortedError,
    tf.errors.CancelledError,
    tf.errors.DeadlineExceededError,
    tf.errors.InternalError,
)


class Distribution:
    """A strategy and this process's place in it.

    Args:
      strategy: a ``tf.distribute.Strategy``.
      worker: this process's number among the workers, from 0; worker 0 is the chief, which alone writes files.
      num_workers: processes that train together.
      fixed_shapes: whether the devices need every step to have one shape.
    """

    def __init__(self, strategy, worker=0, num_workers=1, fixed_shapes=False):
        self.strategy = strategy
        self.worker = worker
        self.num_workers = num_workers
        self.fixed_shapes = fixed_shapes
        self._all_reduce = tf.function(self._sum_over_replicas, autograph=False)

    @property
    def num_replicas(self):
        """Devices over all workers."""
        return self.strategy.num_replicas_in_sync

    @property
    def is_chief(self):
        """True if this process writes files and talks to the user."""
        return self.worker == 0

    def describe(self):
        """The devices in words, for the log."""
        devices = f"{self.num_replicas} device{'s' if self.num_replicas > 1 else ''}"
        return f"{devices}, {self.num_workers} workers" if self.num_workers > 1 else devices

    def sum_over_workers(self, values):
        """Add up a vector of whole numbers over all workers. All of them must call this, so it is a meeting point too.

        Args:
          values: ints, equally many on each worker.

        Returns:
          int64 array.
        """
        values = tf.constant(values, tf.int64)
        if self.num_workers == 1:
            return values.numpy()
        # Every device of a worker adds the worker's values.
        return self._all_reduce(values).numpy() // (self.num_replicas // self.num_workers)

    @contextlib.contextmanager
    def watch_workers(self):
        """Inside, the loss of another worker becomes a ``UserError`` that says how to go on."""
        try:
            yield
        except _WORKER_ERRORS as e:
            if self.num_workers == 1:
                raise
            raise UserError(
                f"lost contact with another worker ({type(e).__name__}); "
                "start all workers with the same command to go on from the last saved state"
            ) from e

    def _sum_over_replicas(self, values):
        def on_replica(x):
            # The copy is made on the replica's device, which is how the reduction knows where the sum has to be.
            return tf.distribute.get_replica_context().all_reduce(tf.distribute.ReduceOp.SUM, tf.identity(x))

        return self.strategy.experimental_local_results(self.strategy.run(on_replica, (values,)))[0]


def create(name):
    """Make the ``Distribution`` of a name. Call it before anything else of TensorFlow: a worker connects to the others here.

    Args:
      name: one of ``albert.training.settings.STRATEGIES``: ``one_device`` is the first GPU, or the CPU; ``mirrored`` all GPUs of this
        machine; ``multi_worker_mirrored`` the machines that the environment variable ``TF_CONFIG`` names; ``tpu`` the TPU that
        ``TPU_NAME`` names, or the local one.

    Raises:
      UserError: ``TF_CONFIG`` is missing or wrong, or there is no TPU.
    """
    # Strategies tell every reduction they set up; what the user needs to know is in ``describe``.
    tf.get_logger().setLevel("WARNING")
    if name == "one_device":
        return Distribution(tf.distribute.get_strategy())
    if name == "mirrored":
        return Distribution(tf.distribute.MirroredStrategy())
    if name == "tpu":
        return Distribution(_tpu_strategy(), fixed_shapes=True)
    worker, num_workers = read_tf_config(os.environ.get("TF_CONFIG"))
    return Distribution(tf.distribute.MultiWorkerMirroredStrategy(), worker, num_workers)


def read_tf_config(text):
    """This process's number among the workers, and how many there are, from the value of ``TF_CONFIG``.

    A chief, where the cluster names one, is worker 0, as TensorFlow has it.

    Raises:
      UserError: it is missing, no JSON, or does not place this process among workers.
    """
    expected = 'expected {"cluster": {"worker": ["host:port", …]}, "task": {"type": "worker", "index": 0}}'
    if not text:
        raise FieldError("{distribution_strategy}=multi_worker_mirrored requires TF_CONFIG: {}", expected)
    try:
        config = parse_json(text)
        cluster, task = config["cluster"], config["task"]
        kind, index = task["type"], int(task["index"])
        sizes = {role: len(addresses) for role, addresses in cluster.items()}
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError) as e:
        raise UserError(f"TF_CONFIG: found {text!r}; {expected}") from e
    for role in sorted({*sizes, kind} - {"chief", "worker"}):
        raise UserError(f"TF_CONFIG: found a task of type {role!r}, expected chief and worker only")
    if not 0 <= index < sizes.get(kind, 0):
        raise UserError(f"TF_CONFIG: found task {kind} {index}, expected one of the cluster's {sizes.get(kind, 0)}")
    chiefs = sizes.get("chief", 0)
    return (index if kind == "chief" else chiefs + index), sum(sizes.values())


def _tpu_strategy():
    try:
        resolver = tf.distribute.cluster_resolver.TPUClusterResolver(os.environ.get("TPU_NAME", "local"))
        tf.config.experimental_connect_to_cluster(resolver)
        tf.tpu.experimental.initialize_tpu_system(resolver)
    except (ValueError, tf.errors.OpError) as e:
        reason = str(e).split("\n", maxsplit=1)[0]
        raise FieldError("{distribution_strategy}=tpu: no TPU, set TPU_NAME to the name of one: {}", reason) from e
    return tf.distribute.TPUStrategy(resolver)
