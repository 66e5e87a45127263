"""Files that version 0.1.0 wrote still load, give the same results and resume: tests/data/written_by_0_1_0, by public entry points."""

import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tarfile

import numpy as np
import pytest
from safetensors.numpy import load_file

import albert
import ner
from ner.decoding.constraints import DecodingOptions

ROOT = pathlib.Path(__file__).resolve().parents[1]
FOLDER = ROOT / "tests" / "data" / "written_by_0_1_0"
EXPECTED = json.loads((FOLDER / "expected.json").read_text(encoding="utf-8"))
CHECKPOINT = "finished/pretraining/step-00000023"
FORMATS = ("google", "brightmart", "bert", "huggingface", "tf2")
# Conversions that multiply matrices: the last bits are the processor's.
COMPUTED = [("brightmart_postln", target) for target in ("google", "bert", "huggingface")]

# Runs the command once for each list of arguments and prints the exit codes. A process for each, so that none sees another's flags;
# forked, so that TensorFlow is imported once.
CONVERT = """
import json, os, runpy, sys
import tensorflow

codes = []
for arguments in json.load(sys.stdin):
    child = os.fork()
    if not child:
        sys.argv = ["convert_checkpoint", *arguments]
        os.dup2(2, 1)
        runpy.run_module("albert.convert_checkpoint", run_name="__main__")
        sys.exit(0)
    codes.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
print(json.dumps(codes))
"""


def python(*arguments, **options):
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [sys.executable, *map(str, arguments)], cwd=FOLDER, env=environment, capture_output=True, text=True, check=False, **options
    )


def check_entities(tagger, name):
    # In one batch, and so beside padding: half the time, and a stricter test of it.
    for found, expected in zip(tagger.tag_batch(EXPECTED["texts"]), EXPECTED["entities"][name]):
        assert [[e.start, e.end, e.label] for e in found] == [row[:3] for row in expected]
        assert [e.score for e in found] == pytest.approx([row[3] for row in expected], abs=1e-5)


@pytest.mark.parametrize("name", EXPECTED["entities"])
def test_a_tagger_finds_the_same_entities(name):
    # As that version decodes: it knows nothing of white space at the edges of entities.
    check_entities(ner.Tagger.load(FOLDER / "finished" / name, decoding=DecodingOptions(visible_edges=False)), name)


def unpack(path, directory):
    """Unpack the directory of an archive, ``half_done/NAME``, into another directory. Returns its path there."""
    with tarfile.open(FOLDER / f"{path.split('/')[0]}.tar.xz") as archive:
        archive.extractall(directory, [member for member in archive if f"{member.name}/".startswith(f"{path}/")])
    return directory / path


def test_an_export_finds_the_same_entities(tmp_path):
    check_entities(ner.Tagger.load(unpack("export", tmp_path)), "albert_lstm_crf")


@pytest.mark.parametrize("path", [CHECKPOINT, *(f"converted/{name}" for name in FORMATS)])
def test_a_checkpoint_computes_the_same(path):
    expected = EXPECTED["encoder"]
    outputs = albert.load_encoder(FOLDER / path)({"input_word_ids": np.array(expected["input_word_ids"], np.int32)})
    np.testing.assert_allclose(outputs["pooled_output"], expected["pooled_output"], rtol=0, atol=1e-5)


def check_conversions(pairs, directory):
    """Each (source, format) gives the files whose SHA-256 were recorded, or is refused where it was."""
    outputs = [directory / f"{source}_{target}" for source, target in pairs]
    arguments = [
        [
            f"--input_path={CHECKPOINT if source == 'pretraining' else f'../../albert/data/{source}'}",
            f"--output_path={output}",
            f"--output_format={target}",
        ]
        for (source, target), output in zip(pairs, outputs)
    ]
    result = python("-c", CONVERT, input=json.dumps(arguments))
    assert result.returncode == 0, result.stderr
    for (source, target), output, code in zip(pairs, outputs, json.loads(result.stdout)):
        expected = EXPECTED["conversions"][target][source]
        assert code == (1 if expected is None else 0), f"{source} to {target}: {result.stderr}"
        paths = (path for path in output.rglob("*") if path.is_file())
        found = {path.relative_to(output).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}
        assert set(found) == set(expected or {})
        if (source, target) in COMPUTED:
            found, expected = ({n: h for n, h in files.items() if "model" not in n} for files in (found, expected))
        assert found == (expected or {}), f"{source} to {target}"


def test_a_conversion_writes_the_same_bytes(tmp_path):
    check_conversions([("pretraining", "bert"), ("pretraining", "huggingface")], tmp_path)


@pytest.mark.slow
def test_every_conversion_writes_the_same_bytes_or_is_refused(tmp_path):
    check_conversions([(source, target) for target, sources in EXPECTED["conversions"].items() for source in sources], tmp_path)


def resume(name, command, directory):
    """Go on with a half-done run. Returns what it printed and its directory."""
    output = unpack(f"half_done/{name}", directory)
    result = python(ROOT / command, f"--flagfile=flags/{name}.flags", f"--output_dir={output}")
    assert result.returncode == 0, result.stderr
    return result.stdout, output


@pytest.mark.parametrize(
    ("name", "step", "steps"),
    [
        ("albert_lstm_crf", 105, 119),
        pytest.param("bert_peephole", 50, 66, marks=pytest.mark.slow),
        pytest.param("albert_gru", 120, 136, marks=pytest.mark.slow),
        pytest.param("char_lattice", 65, 77, marks=pytest.mark.slow),
    ],
)
def test_a_half_done_run_ends_in_the_weights_of_the_unbroken_one(name, step, steps, tmp_path):
    printed, output = resume(name, "run_ner.py", tmp_path)
    assert f"resumed at step {step} of {steps}\n" in printed
    finished = FOLDER / "finished" / name
    weights = sorted(path.name for path in output.glob("*.safetensors"))
    assert weights == sorted(path.name for path in finished.glob("*.safetensors"))
    for file in weights:
        found, expected = load_file(output / file), load_file(finished / file)
        assert found.keys() == expected.keys()
        for key, value in expected.items():
            np.testing.assert_allclose(found[key], value, rtol=0, atol=1e-5, err_msg=f"{file}: {key}")


def test_a_half_done_pretraining_run_ends_in_the_weights_of_the_unbroken_one(tmp_path):
    printed, output = resume("pretraining", "run_pretraining.py", tmp_path)
    assert "resumed at step 11 of 23\n" in printed
    assert "tokens cached" not in printed
    found, expected = (albert.load_pretraining_model(path) for path in (output / "step-00000023", FOLDER / CHECKPOINT))
    found, expected = (model.weight_map() for model in (found, expected))
    assert found.keys() == expected.keys()
    for key, value in expected.items():
        np.testing.assert_allclose(found[key], value, rtol=0, atol=1e-5, err_msg=key)


@pytest.mark.slow
@pytest.mark.parametrize("name", EXPECTED["entities"])
def test_a_finished_run_is_known_as_finished(name, tmp_path):
    shutil.copytree(FOLDER / "finished" / name, tmp_path / name)
    result = python(ROOT / "run_ner.py", f"--flagfile=flags/{name}.flags", f"--output_dir={tmp_path / name}")
    assert result.returncode == 0, result.stderr
    assert "this run is finished, nothing to do" in result.stdout
