"""The model card of a training output directory: ``README.md``, made of what the directory's other files say."""

import os

from albert.errors import UserError
from albert.files import atomic_write, read_json, sha256
from ner.model import run_record
from ner.model.directory import CARD_FILE, METRICS_FILE

# A card that does not begin with it was written by somebody, and stays.
_MARK = "<!-- Written by albert-ner; remove this line to keep changes. -->"
_FILES = ("model.json", "labels.txt", "vocab.txt", "spm.model", "lexicon.txt", "best.safetensors", "last.safetensors")


def write_card(directory) -> None:
    """Write the card of a finished run; one that somebody has changed stays as it is.

    Args:
      directory: ``ModelDir`` of a finished training run.

    Raises:
      UserError: a file of the directory is damaged.
    """
    path = directory.file(CARD_FILE)
    if os.path.lexists(path):
        with open(path, encoding="utf-8", errors="replace") as f:
            if not f.readline().startswith(_MARK):
                return
    record = run_record.read(directory)
    config = directory.read_config()
    with atomic_write(path) as f:
        f.write("\n".join([_MARK, *_lines(directory, config, record), ""]))


def _lines(directory, config, record):
    name = os.path.basename(os.path.abspath(directory.path))
    identity, result, flags = record["identity"], record["result"], record.get("sessions", [{}])[-1].get("flags", {})
    yield f"# {name}"
    yield f"\nChinese named entities of the types {', '.join(config.tag_set.types)}, found by a tagger that albert-ner trained."
    yield "\n## Use\n\n```python\nimport ner\n"
    yield f'ner.Tagger.load("{directory.path}").tag("江苏省委书记到上海交通大学看望李明教授。")\n```\n'
    yield f"```\nalbert-ner tag --model_dir={directory.path} FILE\n```"
    yield "\n## Model\n"
    yield from _model(config, identity)
    yield "\n## Data\n"
    yield from _table(("file", "SHA-256"), [(file, f"`{digest}`") for file, digest in identity.get("data", {}).items()])
    yield "\n## Training\n"
    yield f"{result['steps']:,} steps in {result['seconds']:,.0f} s. Weights: epoch {result['chosen']['epoch']}, {result['chosen_by']}."
    yield f"\n```\n{chr(10).join(f'--{flag}={value}' for flag, value in flags.items())}\n```"
    yield "\n## Scores\n"
    yield from _scores(directory, config, result)
    yield "\n## Files\n"
    present = [file for file in _FILES if os.path.isfile(directory.file(file))]
    rows = [(f"`{file}`", f"{os.path.getsize(directory.file(file)):,}", f"`{sha256(directory.file(file))}`") for file in present]
    yield from _table(("file", "bytes", "SHA-256"), rows)


def _model(config, identity):
    encoder = config.encoder
    layers = getattr(encoder, "num_hidden_layers", None)
    size = f"{layers} layers, hidden {encoder.hidden_size}" if layers else f"character vectors of {encoder.hidden_size} numbers"
    start = identity.get("init_checkpoint") or "random weights"
    yield f"Encoder: {size}, from {start}. Recurrent layer: {config.rnn}, {config.lstm_units} units in each direction. "
    yield f"{'CRF' if config.use_crf else 'No CRF'}, {len(config.tag_set.tags)} tags ({config.tag_set.scheme}); "
    yield f"{config.max_seq_length} tokens a window; precision of training: {identity.get('mixed_precision')}."


def _scores(directory, config, result):
    rows = []
    if "dev_f1" in result["chosen"]:
        for suffix, label in [*((f"/{label}", label) for label in config.tag_set.types), ("", "**all**")]:
            numbers = (result["chosen"].get(f"dev_{measure}{suffix}") for measure in ("precision", "recall", "f1"))
            rows.append(("dev", label, *_percent(numbers), ""))
    metrics = _metrics(directory)
    if metrics:
        scores = metrics["conlleval"]
        for label, score in [*scores["per_type"].items(), ("**all**", scores["overall"])]:
            numbers = (score[measure] for measure in ("precision", "recall", "f1"))
            rows.append((f"`{os.path.basename(metrics['data'])}`", label, *_percent(numbers), f"{score['support']:,}"))
    if not rows:
        yield "None yet: `albert-ner evaluate` adds them."
        return
    yield "Entity level, conlleval reading, in percent.\n"
    yield from _table(("data", "type", "P", "R", "F1", "support"), rows)


def _percent(numbers):
    return ["" if number is None else f"{100 * number:.2f}" for number in numbers]


def _metrics(directory):
    if not os.path.exists(directory.file(METRICS_FILE)):
        return None
    metrics = read_json(directory.file(METRICS_FILE), "the scores of an evaluation")
    if not {"data", "conlleval"} <= set(metrics):
        raise UserError(f"{directory.file(METRICS_FILE)}: expected the scores of an evaluation; remove it")
    return metrics


def _table(header, rows):
    yield f"| {' | '.join(header)} |"
    yield f"|{'---|' * len(header)}"
    for row in rows:
        yield f"| {' | '.join(str(cell) for cell in row)} |"
