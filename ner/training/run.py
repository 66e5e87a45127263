"""One training run, from data to the chosen weights."""

import contextlib
import dataclasses
import time
from typing import Optional

import numpy as np
import tensorflow as tf

from albert.command import EXIT_INTERRUPTED
from albert.keras import keras
from albert.messages import complain, say
from albert.training import distribution, precision
from albert.training.stopping import Interrupted
from ner.batches.encoded import encode
from ner.data.cutting import split_examples
from ner.data.lint import check_leaks, lint, no_entity, read_for_lint
from ner.data.lint_report import INFO
from ner.data.name_lists import name_lists
from ner.decoding.constraints import NEVER
from ner.long_text.windows import NUM_SPECIAL_TOKENS
from ner.model import environment, run_record
from ner.model.card import write_card
from ner.model.directory import ModelDir
from ner.tagging.predictor import Predictor
from ner.training.dev import DevSet
from ner.training.loop import Trainer
from ner.training.plots import write_plots
from ner.training.recipe import build_recipe, find_encoder
from ner.training.settings import TrainingRun
from ner.training.starting_point import load_training_data


def train(run: TrainingRun, given: Optional[dict] = None) -> int:
    """Train a tagger.

    Args:
      run: the settings.
      given: JSON-ready dict of the settings that somebody chose, for the record; what the others' defaults decide is in it anyway.

    Returns:
      An exit code, not 0 when a signal stopped the run.
    """
    # On a CPU it costs nothing that could be measured; on a GPU only those ask for it who need it.
    if run.compute.deterministic or not tf.config.list_physical_devices("GPU"):
        tf.config.experimental.enable_op_determinism()
    cluster = distribution.create(run.compute.distribution_strategy)
    directory = ModelDir(run.output_dir)
    # Of several workers the chief alone writes.
    alone = run_record.sole_process(directory) if cluster.is_chief else contextlib.nullcontext()
    with cluster.watch_workers(), alone as remark:
        if remark:
            say(remark)
        return _train(run, given or {}, directory, cluster)


def _train(run, given, directory, cluster):
    log = say if cluster.is_chief else _say_nothing
    settings = run.training
    start = find_encoder(run.files, run.network)
    chosen_precision = _choose_precision(run.compute, start)
    data = load_training_data(run.data, run.dev_fraction, settings.seed, run.silver_file, run.dev_block)
    data = data.with_characters(run.network.character_map)
    if run.name_lists:
        lists = name_lists(
            data.train, run.name_lists, run.network.max_seq_length - NUM_SPECIAL_TOKENS, "PER", data.tag_set.scheme, settings.seed
        )
        data = dataclasses.replace(data, train=data.train + lists)
    # Only looked at, for sentences that are in the training set too; what cannot be read is a finding.
    test, findings = read_for_lint(run.data, "test") if cluster.is_chief else (None, [])
    recipe = build_recipe(run.files, run.network, start, data, run.prediction.decoding.edge_punctuation != NEVER)
    config = recipe.config
    keras.utils.set_random_seed(settings.seed)
    with cluster.strategy.scope(), chosen_precision.scope():
        model = recipe.make_model()
    # All that is needed was read: what is broken claims no directory.
    identity = _identity(run, chosen_precision, recipe, data)
    result = _ensure_same_run(directory, identity, cluster)
    if result is not None:
        log(f"{directory.path}: this run is finished, nothing to do; {_describe_result(result)}")
        return 0
    tokenizer = _prepare_directory(directory, recipe, data, cluster)
    for remark in (*(recipe.start.checkpoint.remarks if recipe.start.checkpoint else ()), *tokenizer.remarks):
        log(remark)
    if cluster.is_chief:
        _lint(run.data.data_dir, data, test, findings, config, tokenizer, log)
        run_record.record_session(directory, _session(given, settings.seed, chosen_precision, cluster, data))
    if run.compute.recompute_grad:
        model.encoder.recompute_grad = True
    encoded = _encode(data, config, tokenizer, log)
    predictor = Predictor(model, tokenizer, run.prediction.eval_batch_size, run.prediction.decoding)
    dev = DevSet(predictor, data.dev, cluster) if data.dev else None
    trainer = Trainer(model, settings, encoded, directory, cluster, chosen_precision, run.options, dev, log)
    log(_summary(data, model, trainer, recipe, chosen_precision))
    if trainer.resume():
        log(f"resumed at step {trainer.progress.step:,} of {trainer.num_steps:,}")
    try:
        history = trainer.run()
    except Interrupted as e:
        if cluster.is_chief:
            complain(str(e))
        return EXIT_INTERRUPTED
    if cluster.is_chief:
        result = _result(history, trainer, data)
        run_record.record_result(directory, result)
        trainer.finish()
        write_card(directory)
        log(write_plots(history, directory))
        log(_describe_result(result))
    return 0


def _choose_precision(compute, start):
    if start is None and compute.mixed_precision == "auto":
        return precision.Precision("off", "character vectors: no encoder to compute")
    return precision.choose(compute.mixed_precision, precision.find_device(compute.distribution_strategy == "tpu"))


def _say_nothing(_):
    """The log of workers that are not the chief."""


def _identity(run, chosen_precision, recipe, data):
    """Everything that decides the result, but for the number of devices, on which a run may go on with float noise."""
    return {
        **dataclasses.asdict(run.training),
        "mixed_precision": chosen_precision.name,
        "model": recipe.config.to_dict(),
        "data": data.hashes(),
        "dev_fraction": run.dev_fraction,
        "dev_block": run.dev_block,
        "name_lists": run.name_lists,
        **recipe.origin,
        "constrained_decoding": run.prediction.decoding.constrained_decoding,
    }


def _ensure_same_run(directory, identity, cluster):
    """``run_record.ensure_same_run`` by the chief, then by the other workers on what the chief wrote."""
    result = run_record.ensure_same_run(directory, identity) if cluster.is_chief else None
    cluster.sum_over_workers([0])
    return result if cluster.is_chief else run_record.ensure_same_run(directory, identity, create=False)


def _prepare_directory(directory, recipe, data, cluster):
    """Write what describes the model and give back the tokenizer, on each worker the same."""
    if not cluster.is_chief:
        cluster.sum_over_workers([0])
        return directory.read_tokenizer(recipe.config)
    tokenizer = recipe.prepare(directory, data.texts)
    cluster.sum_over_workers([0])
    return tokenizer


def _lint(data_dir, data, test, findings, config, tokenizer, log):
    corpora = data.corpora if test is None else {**data.corpora, "test": test}
    findings = [f for f in lint(corpora, config.max_seq_length, tokenizer, findings=findings).findings if f.severity != INFO]
    if data.dev and "dev" not in corpora:
        findings += check_leaks({"train": data.train, "held-out": data.dev})
        if not any(example.spans(data.tag_set.scheme) for example in data.dev):
            findings.append(no_entity("held-out"))
    for finding in findings:
        log(f"data {finding.severity}: {finding.where}: {finding.message}")
    if findings and data_dir:
        log(f"places: albert-ner lint --data_dir={data_dir}")


def _session(given, seed, chosen_precision, cluster, data):
    return {
        "started": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        "flags": given,
        "seed": seed,
        "mixed_precision": dataclasses.asdict(chosen_precision),
        "distribution": cluster.describe(),
        "skipped": {split: dict(corpus.skipped) for split, corpus in data.corpora.items()},
        **environment.describe(),
    }


def _encode(data, config, tokenizer, log):
    parts = split_examples(data.train, config.window, data.tag_set.scheme)
    if parts.split_sentences:
        log(
            f"{parts.split_sentences:,} training sentences are longer than {config.window} characters and were cut, "
            f"{parts.cut_entities} entities with them"
        )
    examples, num_gold = parts.examples, None
    if data.silver:
        num_gold = len(examples)
        examples = examples + split_examples(data.silver, config.window, data.tag_set.scheme).examples
    texts, tags = [e.text for e in examples], [e.tags for e in examples]
    return encode(texts, tokenizer, config.max_seq_length, tags, data.tag_set, num_gold)


def _summary(data, model, trainer, recipe, chosen_precision):
    encoder = sum(int(tf.size(v)) for v in model.encoder.trainable_variables)
    start = f"weights of {recipe.start.checkpoint.path}" if recipe.start.checkpoint else "random weights"
    rates = ", ".join(
        f"{group.name} {group.learning_rate:.3g}{f' (from step {group.first_step:,})' if group.first_step else ''}"
        for group in trainer.groups
    )
    read = data.corpora["train"]
    return "\n".join(
        [
            f"train: {len(data.train):,} sentences ({read.file_format}, {read.source_scheme}); dev: {data.dev_origin or 'none'}; "
            f"tags: {' '.join(data.tag_set.tags)}",
            *([f"silver: {len(data.silver):,} sentences of {data.silver_file}, once in all epochs together"] if data.silver else []),
            *(f"{split}: {corpus.describe_skipped()}" for split, corpus in data.corpora.items() if corpus.skipped),
            f"model: {model.count_params():,} parameters ({encoder:,} in the encoder, {start})",
            *recipe.describe(),
            f"peak learning rates: {rates}; {trainer.num_steps:,} steps",
            *_describe_fgm(model, trainer.settings.fgm_epsilon),
            f"precision: {chosen_precision.describe()}; {trainer.distribution.describe()}",
        ]
    )


def _describe_fgm(model, epsilon):
    """Epsilon beside what it has to be compared with: a perturbation as long as the vectors it falls on drowns them."""
    if epsilon:
        norm = np.median(np.linalg.norm(model.encoder.embeddings.word.numpy(), axis=1))
        yield f"FGM: epsilon {epsilon:g}; the word vectors' median norm is {norm:.2g}"


def _result(history, trainer, data):
    last = history.rows[-1]
    result = {"steps": last["step"], "epochs": last["epoch"], "seconds": last["seconds"]}
    result["stopped_early"] = last["step"] < trainer.num_steps
    if history.best:
        chosen = {name: value for name, value in history.best.items() if name == "epoch" or name.startswith("dev_")}
        return {**result, "chosen_by": f"the best F1 on {data.dev_origin}", "chosen": chosen}
    return {**result, "chosen_by": "no dev set: the last epoch", "chosen": {"epoch": last["epoch"]}}


def _describe_result(result):
    early = " (stopped early: no better dev F1)" if result["stopped_early"] else ""
    score = f", F1 {100 * result['chosen']['dev_f1']:.2f}" if "dev_f1" in result["chosen"] else ""
    return (
        f"trained {result['steps']:,} steps in {result['seconds']:,.0f} s{early}; "
        f"weights: epoch {result['chosen']['epoch']}, {result['chosen_by']}{score}"
    )
