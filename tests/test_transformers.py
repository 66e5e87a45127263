"""HuggingFace transformers and this library read each other's models, in every shape; transformers has an environment of its own.

Skipped unless ``.venv-bench`` is there (``make bench`` makes it) or ``TRANSFORMERS_PYTHON`` names an interpreter with torch and
transformers.
"""

import json
import os
import pathlib
import random
import subprocess

import numpy as np
import pytest

import albert
import ner
from albert import checkpoints
from albert.cli.convert_checkpoint import convert
from ner.model import token_classification
from ner.model.config import TaggerConfig
from ner.model.network import TaggerModel
from ner.tags import TagSet, spans_from_tags
from tests.albert.checkpoint_files import DATA
from tests.ner import tiny

ROOT = pathlib.Path(__file__).parent.parent
PYTHON = pathlib.Path(os.environ.get("TRANSFORMERS_PYTHON", ROOT / ".venv-bench" / "bin" / "python"))
TOLERANCE = 2e-5
NUM_SENTENCES = 200

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not PYTHON.exists(), reason="needs an environment with torch and transformers")]

ENCODERS = (
    "albert",
    "albert-float16-shards",
    "albert-bfloat16",
    "albert-pretraining-shards",
    "albert-masked-lm",
    "bert",
    "bert-bfloat16-shards",
    "bert-pretraining",
    "bert-masked-lm-shards",
    "bert-masked-lm-bin-shards",
)
TAGGERS = ("albert-tagger-bio", "albert-tagger-bioes", "bert-tagger-bio", "bert-tagger-bioes")


def run_side(script, *arguments):
    """Run a script in the other environment."""
    environment = {**os.environ, "USE_TF": "0", "HF_HUB_OFFLINE": "1", "PYTHONPATH": ""}
    result = subprocess.run([PYTHON, ROOT / "tests" / script, *arguments], capture_output=True, text=True, env=environment, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


@pytest.fixture(name="sentences", scope="module")
def _sentences():
    choice = random.Random(1)
    letters = tiny.CHARACTERS + "abc019，。"
    return ["".join(choice.choice(letters) for _ in range(choice.randint(1, 60))) for _ in range(NUM_SENTENCES)]


@pytest.fixture(name="theirs", scope="module")
def _theirs(tmp_path_factory, sentences):
    directory = tmp_path_factory.mktemp("transformers")
    tiny.write_vocabulary(directory / "vocab.txt")
    (directory / "sentences.txt").write_text("".join(f"{sentence}\n" for sentence in sentences), encoding="utf-8")
    run_side("transformers_side.py", "make", directory)
    return directory


@pytest.mark.parametrize("name", ENCODERS)
def test_models_of_transformers_compute_the_same_here(theirs, name):
    golden = np.load(theirs / name / "outputs.npz")
    inputs = {"input_word_ids": golden["input_ids"], "input_mask": golden["input_mask"], "input_type_ids": golden["token_type_ids"]}
    if "seq_relationship_logits" in golden:
        outputs = albert.load_pretraining_model(theirs / name)({**inputs, "masked_lm_positions": golden["masked_lm_positions"]})
    else:
        outputs = albert.load_encoder(theirs / name, require_pooler="pooled_output" in golden)(inputs)
    real = golden["input_mask"] == 1
    layers = np.stack([np.asarray(layer) for layer in outputs["encoder_outputs"]])
    differences = [
        np.abs(np.asarray(outputs["embedding_output"]) - golden["embedding_output"])[real].max(),
        np.abs(layers - golden["all_encoder_layers"])[:, real].max(),
    ]
    if "pooled_output" in golden:
        differences.append(np.abs(np.asarray(outputs["pooled_output"]) - golden["pooled_output"]).max())
    if "seq_relationship_logits" in golden:
        at_real = np.take_along_axis(real, golden["masked_lm_positions"], axis=1)
        differences.append(np.abs(np.asarray(outputs["masked_lm_logits"]) - golden["masked_lm_logits"])[at_real].max())
        differences.append(np.abs(np.asarray(outputs["sentence_order_logits"]) - golden["seq_relationship_logits"]).max())
    assert max(differences) <= TOLERANCE


@pytest.mark.parametrize("name", ["google_albert", "bert", "hf_albert_pretraining", "hf_bert_pretraining"])
def test_what_is_written_here_computes_the_same_there(tmp_path, name):
    """Against the outputs of the original code; ``check_transformers.py`` prints the largest difference of each output."""
    convert(DATA / name, tmp_path / "converted", "huggingface")
    printed = run_side("albert/check_transformers.py", "compare", tmp_path / "converted", DATA / name / "golden.npz")
    differences = [float(line.split()[1]) for line in printed.splitlines() if not line.startswith("tokenizer")]
    assert len(differences) >= 4
    assert max(differences) <= TOLERANCE


def entities_in(labels, scheme):
    return [[(span.start, span.end, span.label) for span in spans_from_tags(tags, scheme)] for tags in labels]


def entities_of(tagger, sentences):
    return [[(entity.start, entity.end, entity.label) for entity in entities] for entities in tagger.tag_batch(sentences)]


@pytest.mark.parametrize("name", TAGGERS)
def test_taggers_of_transformers_find_the_same_entities_here(theirs, sentences, name):
    labels = json.loads((theirs / name / "labels.json").read_text(encoding="utf-8"))
    tagger = ner.Tagger.load(theirs / name, constrained_decoding=False)
    expected = entities_in(labels, tagger.tag_set.scheme)
    assert sum(map(len, expected)) > NUM_SENTENCES
    assert entities_of(tagger, sentences) == expected


@pytest.mark.parametrize("scheme", ["BIO", "BIOES"])
@pytest.mark.parametrize("name", ["google_albert", "bert", "brightmart_postln"])
def test_taggers_written_here_find_the_same_entities_there(tmp_path, theirs, sentences, name, scheme):
    config = checkpoints.find(DATA / name).config
    size = (theirs / "vocab.txt").read_text(encoding="utf-8").count("\n")
    config = TaggerConfig(config.replace(vocab_size=size), TagSet(("LOC", "人"), scheme), max_seq_length=64, rnn="none", use_crf=False)
    model = TaggerModel(config)
    values = np.random.default_rng(4)
    for variable in model.weight_map().values():
        variable.assign(variable + 0.2 * values.normal(size=variable.shape).astype(np.float32))
    words = values.integers(5, size, [17, 25]).astype(np.int32)
    emissions = model({"input_word_ids": words, "lengths": np.full(17, 23, np.int32)}, training=False).numpy()
    # Every tag is the best one somewhere.
    scale = 6.0 / emissions.std(axis=(0, 1))
    model.emissions.kernel.assign(scale * model.emissions.kernel)
    model.emissions.bias.assign(scale * (model.emissions.bias - emissions.mean(axis=(0, 1))))
    weights = {name: variable.numpy() for name, variable in model.weight_map().items()}
    token_classification.write(tmp_path, config, weights, theirs / "vocab.txt")
    run_side("transformers_side.py", "label", tmp_path, theirs / "sentences.txt", tmp_path / "labels.json")
    labels = json.loads((tmp_path / "labels.json").read_text(encoding="utf-8"))
    expected = entities_in(labels, scheme)
    assert sum(map(len, expected)) > NUM_SENTENCES
    assert entities_of(ner.Tagger.load(tmp_path, constrained_decoding=False), sentences) == expected
