"""What describes a model: configs of encoders, a tagger's model.json, labels, record and weights, and vocabularies."""

import json
import pathlib

from ner import pretrained
from tests.fuzz.harness import Format
from tests.fuzz.mutate import mutate_bytes, mutate_json, mutate_lines

_DATA = pathlib.Path(__file__).parent.parent / "albert" / "data"
_TINY = {
    "encoder_type": "albert",
    "encoder": {
        **{
            "vocab_size": 7,
            "embedding_size": 3,
            "hidden_size": 4,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "intermediate_size": 5,
        },
        **{"num_hidden_groups": 1, "hidden_act": "gelu", "hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0},
        **{"max_position_embeddings": 11, "type_vocab_size": 2, "initializer_range": 0.02, "layer_norm_eps": 1e-12},
        **{"embedding_projection": "after_norm", "ln_type": "postln"},
    },
    "tag_set": {"scheme": "BIO", "types": ["PER", "LOC"]},
    "max_seq_length": 9,
    "do_lower_case": True,
    "rnn": "lattice",
    "lstm_cell": "standard",
    "lstm_units": 3,
    "lattice": {"num_words": 2, "word_embedding_size": 3, "max_word_length": 4},
    "use_crf": True,
    "dropout": 0.1,
}
_LABELS = b"O\nB-PER\nI-PER\nB-LOC\nI-LOC\n"
_VOCABULARY = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n的\na\n".encode()


def formats():
    """All of them."""
    shipped = pathlib.Path(pretrained.DIRECTORY)
    model = json.dumps(_TINY).encode()
    tagger = {"vocab.txt": _VOCABULARY, "labels.txt": _LABELS, "lexicon.txt": "的a\na的\n".encode()}
    columns = b"".join(line + b"\t%d\n" % i for i, line in enumerate(_VOCABULARY.splitlines()))
    huggingface = tuple((_DATA / name / "config.json").read_bytes() for name in ("hf_albert", "hf_bert_pretraining"))
    tensorflow = tuple(
        (_DATA / name).read_bytes()
        for name in ("google_albert/albert_config.json", "brightmart_postln/albert_config.json", "bert/bert_config.json")
    )
    return [
        Format("config-huggingface", "config.json", huggingface, _read_config, mutate_json),
        Format("config-tensorflow", "config.json", tensorflow, _read_config, mutate_json),
        Format("model-json", "model.json", (model,), _read_tagger, mutate_json, tagger),
        Format("labels", "labels.txt", (_LABELS,), _read_tagger, mutate_lines, {**tagger, "model.json": model}),
        Format("run-json", "run.json", ((shipped / "run.json").read_bytes(), _RECORD), _read_record, mutate_json),
        Format("vocabulary", "vocab.txt", (_VOCABULARY, columns), _read_vocabulary, mutate_lines),
        Format("vocabulary-bytes", "vocab.txt", ((_DATA / "hf_albert" / "vocab.txt").read_bytes(),), _read_vocabulary, mutate_bytes),
    ]


_RECORD = json.dumps(
    {
        "identity": {"seed": 1, "model": _TINY, "max_grad_norm": 1.0},
        "sessions": [{"started": "a", "flags": {"data_dir": "/x/y", "seeds": ["1"]}}],
        "result": {
            "steps": 3,
            "epochs": 1,
            "seconds": 0.5,
            "stopped_early": False,
            "chosen_by": "x",
            "chosen": {"epoch": 1, "dev_f1": 0.5},
        },
    }
).encode()


def _read_config(directory):
    from albert.checkpoints.shapes import encoder_shapes, head_shapes  # noqa: PLC0415 - the other formats do without
    from albert.config import AlbertConfig  # noqa: PLC0415

    for layout in (None, "google", "brightmart", "bert", "huggingface_albert", "huggingface_bert"):
        try:
            config = AlbertConfig.from_json_file(f"{directory}/config.json", layout)
        except Exception:
            if layout == "huggingface_bert":  # the last: what it says is looked at
                raise
            if layout is None:
                _check(directory)
            continue
        encoder_shapes(config), head_shapes(config), json.dumps(config.to_dict())
        return


def _check(directory):
    """What the layout told from the keys says is one line too."""
    from albert.config import AlbertConfig  # noqa: PLC0415
    from albert.errors import UserError  # noqa: PLC0415

    try:
        AlbertConfig.from_json_file(f"{directory}/config.json")
    except UserError as e:
        assert "\n" not in str(e)


def _read_tagger(directory):
    from ner.model.directory import ModelDir  # noqa: PLC0415

    model_dir = ModelDir(directory)
    config = model_dir.read_config()
    assert config.from_dict(json.loads(json.dumps(config.to_dict()))) == config
    config.tag_set.legal_transitions()
    model_dir.read_tokenizer(config).encode("的a中")


def _read_record(directory):
    from ner.export.provenance import without_directories  # noqa: PLC0415
    from ner.model import run_record  # noqa: PLC0415
    from ner.model.directory import ModelDir  # noqa: PLC0415

    record = run_record.read(ModelDir(directory))
    without_directories(record)
    run_record.ensure_same_run(ModelDir(directory), record["identity"])


def _read_vocabulary(directory):
    from albert.tokenization import CharTokenizer  # noqa: PLC0415
    from albert.vocabulary import copy_vocabulary  # noqa: PLC0415
    from albert.vocabulary_file import read_vocabulary  # noqa: PLC0415

    tokenizer = CharTokenizer(f"{directory}/vocab.txt", do_lower_case=False)
    copy_vocabulary(f"{directory}/vocab.txt", f"{directory}/copy.txt")
    assert [entry for entry in read_vocabulary(f"{directory}/copy.txt") if entry in tokenizer.vocab]
    tokenizer.encode("的a中 ")
