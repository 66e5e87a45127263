"""--do_train: one run, from data to the chosen weights."""

import dataclasses
import sys

import tensorflow as tf

from albert import checkpoints, cli
from ner import runs
from ner.commands.common import required, score
from ner.config import TaggerConfig
from ner.data.pipeline import encode
from ner.data.windows import split_examples
from ner.inference import Predictor
from ner.model_dir import ModelDir
from ner.models import TaggerModel
from ner.training import Interrupted, Trainer, TrainingSettings


def train(flags):
    """Train as the flags say. Returns an exit code, not 0 when a signal stopped the run."""
    directory = ModelDir(required(flags, "output_dir"))
    settings = TrainingSettings(**{f.name: flags[f.name].value for f in dataclasses.fields(TrainingSettings)})
    source = runs.find_encoder(flags.init_checkpoint, flags.albert_config_file, flags.vocab_file, flags.spm_model_file)
    data = runs.load_training_data(required(flags, "data_dir"), flags.dev_fraction, settings.seed, flags.on_bad_line)
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
    encoder = checkpoints.load_encoder(source.checkpoint, require_pooler=False) if source.checkpoint else None
    model = TaggerModel(config, encoder)
    window = config.max_seq_length - 2
    parts = split_examples(data.train, window, data.tag_set.scheme)
    if parts.split_sentences:
        print(
            f"{parts.split_sentences:,} training sentences are longer than {window} characters and were cut, {parts.cut_entities} entities with them"
        )
    texts, tags = [e.text for e in parts.examples], [e.tags for e in parts.examples]
    encoded = encode(texts, tokenizer, config.max_seq_length, tags, data.tag_set)
    predictor = Predictor(model, tokenizer, flags.eval_batch_size, flags.constrained_decoding)
    evaluate_dev = (lambda: score(predictor, data.dev)) if data.dev else None
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
