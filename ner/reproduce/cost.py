"""Time and memory of a training step, in a process of its own for each system.

``python -m ner.reproduce.cost`` reads one JSON object, ``{"model": TaggerConfig.to_dict(), "batch_size": B, "steps": n,
"mixed_precision": "auto"}``, from standard input and prints one of ``measure``'s.

Shapes: B sentences, T characters (T + 2 tokens), S slots of a lattice.
"""

import json
import os
import subprocess
import sys
import time

import numpy as np

from albert.errors import UserError

# Steps before the clock starts: graphs and clusters are compiled in the first.
_WARM_UP = 2
# In running Chinese text, words of a large dictionary begin at about every second character.
_CHARACTERS_PER_WORD = 2


def in_rounds(configs: dict, batch_size: int, mixed_precision: str, steps: int = 3, rounds: int = 2) -> dict:
    """Cost of several systems, each measured once in every round, so that whatever else the machine does meets all of them.

    Args:
      configs: dict from a key to the ``TaggerConfig.to_dict`` of a system.
      batch_size: B.
      mixed_precision: arithmetic of the encoder, a value of the flag of that name.
      steps: steps that are timed in a round.
      rounds: how often.

    Returns:
      dict from key to ``measure``'s result, with the smallest of the rounds' step times; what could not be measured, for want of memory
      say, is not in it.
    """
    results = {}
    for _ in range(rounds):
        for key, config in configs.items():
            request = {"model": config, "batch_size": batch_size, "steps": steps, "mixed_precision": mixed_precision}
            environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
            done = subprocess.run(
                [sys.executable, "-m", __name__], input=json.dumps(request), env=environment, capture_output=True, text=True, check=False
            )
            if done.returncode == 0:
                result = json.loads(done.stdout.splitlines()[-1])
                best = results.setdefault(key, result)
                best["step_seconds"] = min(best["step_seconds"], result["step_seconds"])
    return results


def measure(config, batch_size, steps, mixed_precision):
    """Time and memory of training steps on full rows of random text.

    Args:
      config: ``TaggerConfig``; rows have its ``max_seq_length`` tokens. Weights are random.
      batch_size: B.
      steps: how many are timed.
      mixed_precision: ``auto`` or the name of a precision.

    Returns:
      JSON-ready dict: ``step_seconds`` (the median), ``peak_memory`` in bytes of the whole process, None where that is not to be had,
      ``parameters``, ``batch_size``, ``tokens`` of a row and ``precision``.
    """
    import tensorflow as tf  # noqa: PLC0415 - the parent needs none

    from albert.optimization import AdamWeightDecay, WarmupPolynomialDecay  # noqa: PLC0415
    from albert.training import precision  # noqa: PLC0415
    from ner.model.network import TaggerModel  # noqa: PLC0415
    from ner.training.groups import tagger_groups  # noqa: PLC0415
    from ner.training.settings import TrainingSettings  # noqa: PLC0415
    from ner.training.step import TrainStep  # noqa: PLC0415

    chosen = precision.choose(mixed_precision, precision.find_device())
    with chosen.scope():
        model = TaggerModel(config)
    settings = TrainingSettings(train_batch_size=batch_size)
    groups = tagger_groups(model, settings)
    optimizer = chosen.wrap(AdamWeightDecay(groups, WarmupPolynomialDecay(groups, 1_000_000, 1000), settings.weight_decay))
    inputs = {name: tf.constant(value)[None] for name, value in _batch(config, batch_size).items()}
    spec = {name: tf.TensorSpec([1, *[None] * (value.shape.rank - 1)], value.dtype) for name, value in inputs.items()}
    spec["seed"] = tf.TensorSpec([1, 2], tf.int32)
    step = TrainStep(model, optimizer, groups, settings, tf.distribute.get_strategy(), spec)
    seconds = []
    for number in range(_WARM_UP + steps):
        started = time.perf_counter()
        step({**inputs, "seed": tf.constant([[1, number]])}, number).numpy()
        seconds.append(time.perf_counter() - started)
    return {
        "step_seconds": float(np.median(seconds[_WARM_UP:])),
        "peak_memory": _peak_memory(),
        "parameters": int(model.count_params()),
        "batch_size": batch_size,
        "tokens": config.max_seq_length,
        "precision": chosen.name,
    }


def _batch(config, batch_size):
    """One part of a step, as ``ner.training.feed.StepFeed.parts`` makes it: dict of arrays."""
    random, width = np.random.default_rng(1), config.window
    batch = {
        "input_word_ids": random.integers(0, config.encoder.vocab_size, [batch_size, width + 2]).astype(np.int32),
        "lengths": np.full([batch_size], width, np.int32),
        "tag_ids": random.integers(0, len(config.tag_set), [batch_size, width]).astype(np.int32),
        "part": np.int32(0),
        "sentences": np.float32(batch_size),
        "seed": np.array([1, 0], np.int32),
    }
    if config.lattice is not None:
        words = np.zeros([batch_size, width, config.lattice.num_slots], np.int32)
        places = np.arange(0, width - 1, _CHARACTERS_PER_WORD)
        words[:, places, 0] = random.integers(1, config.lattice.num_words + 2, [batch_size, len(places)])
        batch["lattice_words"] = words
    return batch


def _peak_memory():
    try:
        with open("/proc/self/status", encoding="ascii") as f:
            return next(int(line.split()[1]) * 1024 for line in f if line.startswith("VmHWM"))
    except (OSError, StopIteration):
        return None


def main():
    """The command; see the module."""
    from ner.model.config import TaggerConfig  # noqa: PLC0415

    try:
        request = json.load(sys.stdin)
        config = TaggerConfig.from_dict(request.pop("model"))
    except (ValueError, KeyError, UserError) as e:
        sys.exit(f"error: standard input: found no request to measure: {e}")
    print(json.dumps(measure(config, **request)))


if __name__ == "__main__":
    main()
