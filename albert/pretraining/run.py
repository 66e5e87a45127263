"""A pretraining run, from its settings to the last checkpoint."""

import dataclasses
import os
import sys

import tensorflow as tf

from albert import checkpoints, command
from albert.checkpoints.loading import HEADS
from albert.errors import FieldError
from albert.keras import keras
from albert.pretraining.baselines import unigram_probabilities
from albert.pretraining.evaluation import Evaluator
from albert.pretraining.initial import sinusoidal_positions, unigram_bias
from albert.pretraining.logbook import Logbook
from albert.pretraining.progress import Progress
from albert.pretraining.run_dir import RunDirectory
from albert.pretraining.segmentation import load_segmenter
from albert.pretraining.settings import PretrainingRun
from albert.pretraining.stream import ExampleStream
from albert.pretraining.text import find_files
from albert.pretraining.token_cache import open_cache
from albert.pretraining.train_step import TrainStep, create_optimizer
from albert.pretraining.trainer import Trainer
from albert.pretraining.windows import split_cache
from albert.pretraining_model import AlbertForPretraining
from albert.tokenization import load_tokenizer
from albert.training import distribution
from albert.training.precision import Precision
from albert.training.starting_point import find_starting_point
from albert.training.state import TrainingState
from albert.training.stopping import Interrupted

# Tokens of an input of which most must be known.
_LOOKED_AT = 10_000_000


def run(options: PretrainingRun) -> int:
    """Pretrain. Returns an exit code, not 0 when a signal stopped the run."""
    directory = RunDirectory(options.output_dir)
    with directory.sole_process() as remark:
        if remark:
            print(remark)
        return _run(options, directory)


def _run(options, directory):
    settings, examples, compute = options.training, options.examples, options.compute
    start = find_starting_point(options.start)
    vocabulary = start.vocab_file, start.spm_model_file
    if not any(vocabulary):
        raise FieldError("{vocab_file}: not given, expected a vocab.txt; python -m albert.build_vocab makes one")
    if examples.max_seq_length > start.config.max_position_embeddings:
        positions = start.config.max_position_embeddings
        raise FieldError("{max_seq_length}: found {}, expected at most the config's {} positions", examples.max_seq_length, positions)
    tokenizer = load_tokenizer(*vocabulary, options.start.do_lower_case)
    tokenizer.check_size(start.config.vocab_size, options.start.albert_config_file)

    for remark in (*(start.checkpoint.remarks if start.checkpoint else ()), *tokenizer.remarks):
        print(remark)
    training, held_out, hashes = load_corpus(options.corpus, tokenizer, directory, examples.max_seq_length)
    stream = ExampleStream(training, tokenizer, examples, settings.train_batch_size, settings.seed)
    directory.ensure_same_run(
        {
            **settings.identity(),
            **dataclasses.asdict(examples),
            "config": start.config.to_dict(),
            "init_checkpoint": options.start.init_checkpoint,
            "mixed_precision": compute.mixed_precision,
            "segmenter": options.corpus.segmenter,
            "input_weights": [region.weight for region in training],
            "eval_fraction": options.corpus.eval_fraction,
            "input_files": hashes,
        }
    )
    directory.remove_remains()

    keras.utils.set_random_seed(settings.seed)
    strategy = distribution.create(compute.distribution_strategy).strategy
    with strategy.scope():
        model = make_model(start, compute.mixed_precision, compute.recompute_grad)
        if not start.checkpoint:
            initialize(model, settings, training, tokenizer)
        optimizer = create_optimizer(model, settings)
    evaluate = None
    if held_out:
        evaluate = Evaluator(
            model, training, held_out, tokenizer, examples, compute.eval_batch_size, compute.max_eval_steps, settings.seed
        ).evaluate

    def export(step):
        path = directory.export(step, model, start.config, vocabulary, options.start.do_lower_case, settings.keep_checkpoint_max)
        print(f"wrote {path}", flush=True)

    trainer = Trainer(
        settings,
        stream,
        TrainStep(model, optimizer, settings.max_grad_norm, strategy),
        optimizer,
        TrainingState(directory.file("state"), model, optimizer, Progress),
        Logbook(directory.path),
        evaluate,
        export,
        log=lambda line: print(line, flush=True),
    )
    parameters = sum(int(tf.size(v)) for v in model.trainable_variables)
    print(f"model: {parameters:,} parameters, {start.checkpoint.path if start.checkpoint else 'random weights'}")
    print(f"text: {sum(r.size for r in training):,} tokens to train on, {sum(r.size for r in held_out):,} held out")
    print(f"run: {settings.num_train_steps:,} steps, {settings.num_train_steps / stream.batches_per_epoch:.2f} epochs", flush=True)
    if trainer.resume():
        print(f"resumed at step {trainer.progress.step:,} of {settings.num_train_steps:,}", flush=True)
    try:
        finished = trainer.run()
    except Interrupted as e:
        print(e, file=sys.stderr)
        return command.EXIT_INTERRUPTED
    where = "finished" if finished else "the time limit came; the same command goes on"
    print(f"{where} at step {trainer.progress.step:,} after {trainer.progress.seconds / 3600:.2f} hours of steps")
    return 0


def make_model(start, mixed_precision="off", recompute_grad=False):
    """An ``AlbertForPretraining`` without dropout (Lan et al., 2019, section 4.8), with a checkpoint's weights if there is one.

    A checkpoint without one of the heads is taken; that head starts from random weights.
    """
    config = start.config.replace(hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0)
    with Precision(mixed_precision, "as asked for").scope():
        model = AlbertForPretraining(config)
        model.encoder.recompute_grad = recompute_grad
    if start.checkpoint:
        missing = checkpoints.load_weights(model, start.checkpoint, optional=(*HEADS, "pooler/"))
        if missing:
            print(f"{start.checkpoint.path} has no {', '.join(missing)}: starting from random values")
    return model


def initialize(model, settings, training, tokenizer):
    """Give a model with random weights the initial values that the settings ask for.

    Args:
      model: ``AlbertForPretraining``.
      settings: ``PretrainingSettings``.
      training: list of ``windows.Region``.
      tokenizer: the tokenizer.
    """
    weights = model.weight_map()
    if settings.position_initializer == "sinusoidal":
        weights["embeddings/position"].assign(sinusoidal_positions(*weights["embeddings/position"].shape))
    if settings.bias_initializer == "unigram":
        probabilities = unigram_probabilities(training, tokenizer.vocab_size, tokenizer.special_ids)
        weights["masked_lm/bias"].assign(unigram_bias(probabilities))


def load_corpus(settings, tokenizer, directory, length):
    """The text as regions of memory-mapped tokens.

    Args:
      settings: ``CorpusSettings``.
      tokenizer: the tokenizer.
      directory: ``RunDirectory``; caches go beside it by default.
      length: tokens in a sequence; held-out text shorter than that is not used.

    Returns:
      (training, held_out, hashes): lists of ``windows.Region``, and for each input its files' names and SHA-256.

    Raises:
      UserError: a setting or a file is not what it should be.
    """
    patterns = settings.input_file
    weights = _weights(settings.input_weights, len(patterns))
    segmenter = load_segmenter(settings.segmenter) if settings.segmenter else None
    cache_dir = settings.cache_dir or os.path.normpath(directory.path) + "_cache"
    training, held_out, hashes = [], [], []
    for pattern, weight in zip(patterns, weights):
        paths = find_files(pattern)
        cache = open_cache(cache_dir, paths, tokenizer, segmenter, log=lambda line: print(line, flush=True))
        tokenizer.check_known(cache.tokens[:_LOOKED_AT], pattern)
        train_region, eval_region = split_cache(cache, weight, settings.eval_fraction)
        training.append(train_region)
        if eval_region is not None and eval_region.size >= length:
            held_out.append(eval_region)
        hashes.append({os.path.basename(path): cache.hashes[path] for path in paths})
    return training, held_out, hashes


def _weights(given, count):
    if not given:
        return [1.0] * count
    try:
        weights = [float(weight) for weight in given]
    except ValueError:
        weights = []
    if len(weights) != count or any(not 0.0 <= weight < float("inf") for weight in weights):
        raise FieldError(
            "{input_weights}: found {}, expected {} numbers from 0 up, one for each {input_file}", ",".join(map(str, given)), count
        )
    return weights
