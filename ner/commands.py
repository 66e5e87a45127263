"""What ``run_ner.py`` does for each of its --do_… flags."""

import contextlib
import dataclasses
import io
import itertools
import json
import os
import sys
import time

import tensorflow as tf
from tqdm import tqdm

from albert import checkpoints, cli
from albert.encoder import AlbertEncoder
from albert.errors import UserError
from albert.files import atomic_write
from ner import runs
from ner.config import TaggerConfig, write_json
from ner.data.pipeline import encode
from ner.data.readers import read_split
from ner.data.windows import split_examples
from ner.evaluation import evaluate as score
from ner.evaluation import format_table
from ner.inference import Predictor
from ner.model_dir import ModelDir
from ner.models import TaggerModel
from ner.tagger import Tagger
from ner.training import Interrupted, Trainer, TrainingSettings

# Lines tagged at a time: enough to batch by length, few enough to stay in memory.
_PREDICT_CHUNK = 1024


def train(flags):
    """--do_train: one run, from data to the chosen weights. Returns an exit code, not 0 when a signal stopped it."""
    directory = ModelDir(_required(flags, "output_dir"))
    settings = TrainingSettings(**{f.name: flags[f.name].value for f in dataclasses.fields(TrainingSettings)})
    source = runs.find_encoder(flags.init_checkpoint, flags.albert_config_file, flags.vocab_file, flags.spm_model_file)
    data = runs.load_training_data(_required(flags, "data_dir"), flags.dev_fraction, settings.seed, flags.on_bad_line)
    config = TaggerConfig(
        encoder=source.config,
        tag_set=data.tag_set,
        max_seq_length=flags.max_seq_length,
        do_lower_case=flags.do_lower_case,
        use_bilstm=flags.use_bilstm,
        lstm_units=flags.lstm_units,
        use_crf=flags.use_crf,
        dropout=flags.dropout,
    )
    runs.claim(
        directory,
        {
            **dataclasses.asdict(settings),
            "model": config.to_dict(),
            "data": data.hashes,
            "dev_fraction": flags.dev_fraction,
            "init_checkpoint": flags.init_checkpoint,
            "constrained_decoding": flags.constrained_decoding,
        },
    )
    tokenizer = runs.prepare_tokenizer(source, directory, [example.text for example in data.train], config.do_lower_case)
    directory.write_config(config)

    tf.keras.utils.set_random_seed(settings.seed)
    encoder = AlbertEncoder(source.config)
    if source.checkpoint is not None:
        checkpoints.load_weights(encoder, source.checkpoint)
    model = TaggerModel(config, encoder)
    window = config.max_seq_length - 2
    parts = split_examples(data.train, window, data.tag_set.scheme)
    if parts.split_sentences:
        print(
            f"{parts.split_sentences:,} training sentences are longer than {window} characters and were cut, {parts.cut_entities} entities with them"
        )
    encoded = encode([e.text for e in parts.examples], tokenizer, [e.tags for e in parts.examples], data.tag_set)
    predictor = Predictor(model, tokenizer, flags.eval_batch_size, flags.constrained_decoding)
    evaluate_dev = (lambda: _score(predictor, data.dev)) if data.dev else None
    trainer = Trainer(model, settings, encoded, directory, evaluate_dev)
    print(_summary(data, model, trainer, source))
    if trainer.resume():
        print(f"resumed at step {trainer.progress.step:,} of {trainer.num_steps:,}")
    try:
        progress = trainer.run()
    except Interrupted as e:
        print(e, file=sys.stderr)
        return cli.EXIT_INTERRUPTED
    chosen = f"epoch {progress.best_epoch}, the best F1 on {data.dev_origin}" if data.dev else "the last epoch; no dev set chose"
    print(f"trained {progress.step:,} steps in {progress.seconds:,.0f} s; weights: {chosen}")
    return 0


def evaluate(flags):
    """--do_eval: score the test split, print the table, write metrics.json."""
    directory = _model_dir(flags)
    config = directory.read_config()
    test = read_split(_required(flags, "data_dir"), "test", types=config.tag_set.types, on_bad_line=flags.on_bad_line)
    tokenizer = directory.read_tokenizer(config)
    model = TaggerModel(config)
    directory.read_weights(model)
    predictor = Predictor(model, tokenizer, flags.eval_batch_size, flags.constrained_decoding)
    started = time.perf_counter()
    with tqdm(total=len(test), desc="evaluating", unit=" sentences", file=sys.stderr, dynamic_ncols=True) as bar:
        result = _score(predictor, test, bar.update)
    seconds = time.perf_counter() - started
    print(f"{test.path}: {len(test):,} sentences, {len(test) / seconds:,.0f} a second")
    print(format_table(result))
    details = {
        "data": test.path,
        "sha256": runs.sha256(test.path),
        "constrained_decoding": flags.constrained_decoding,
        "seconds": seconds,
    }
    write_json(directory.file("metrics.json"), {**details, **result.to_dict()})


def predict(flags):
    """--do_predict: tag the lines of a file or of standard input, one JSON object a line out, in order."""
    tagger = Tagger.load(_model_dir(flags).path, flags.eval_batch_size, flags.constrained_decoding)
    with _open_input(flags.input_file) as lines, _open_output(flags.output_file) as out:
        for texts in _chunks(lines, _PREDICT_CHUNK):
            for text, entities in zip(texts, tagger.tag_batch(texts)):
                record = {"text": text, "entities": [entity.to_dict() for entity in entities]}
                out.write(json.dumps(record, ensure_ascii=False) + "\n")
            out.flush()


def _score(predictor, examples, progress=None):
    predicted = predictor.tags([example.text for example in examples], progress)
    return score([example.tags for example in examples], predicted, predictor.tag_set.scheme)


def _summary(data, model, trainer, source):
    encoder = sum(int(tf.size(v)) for v in model.encoder.trainable_variables)
    start = f"weights of {source.checkpoint.path}" if source.checkpoint else "random weights"
    rates = ", ".join(f"{g.name} {g.learning_rate:g}" for g in trainer.optimizer.groups)
    return "\n".join(
        [
            f"train: {len(data.train):,} sentences; dev: {data.dev_origin or 'none'}; tags: {' '.join(data.tag_set.tags)}",
            f"model: {model.count_params():,} parameters ({encoder:,} in the encoder, {start})",
            f"peak learning rates: {rates}; {trainer.num_steps:,} steps",
        ]
    )


def _required(flags, name):
    value = flags[name].value
    if not value:
        raise UserError(f"--{name}: not given, expected a directory")
    return value


def _model_dir(flags):
    path = flags.model_dir or flags.output_dir
    if not path:
        raise UserError("--model_dir: not given, expected the output directory of a training run")
    return ModelDir(path)


@contextlib.contextmanager
def _open_input(path):
    """Lines of a file, or of standard input for ``-``, as UTF-8."""
    if path == "-":
        yield io.TextIOWrapper(sys.stdin.buffer, encoding="utf-8-sig", newline="\n")
        return
    try:
        f = open(path, encoding="utf-8-sig", newline="\n")
    except OSError as e:
        raise UserError(f"--input_file: cannot read {path}: {e.strerror}") from e
    with f:
        yield f


@contextlib.contextmanager
def _open_output(path):
    """A new file, or standard output for ``-``."""
    if path == "-":
        yield sys.stdout
        return
    if os.path.exists(path):
        raise UserError(f"--output_file: {path} exists and is not overwritten; choose another name")
    try:
        with atomic_write(path) as f:
            yield f
    except OSError as e:
        raise UserError(f"--output_file: cannot write {path}: {e.strerror}") from e


def _chunks(lines, size):
    """Lists of up to ``size`` lines without their line ends."""
    lines = iter(lines)
    while True:
        chunk = [line.rstrip("\r\n") for line in itertools.islice(lines, size)]
        if not chunk:
            return
        yield chunk
