"""One environment's part of tests/test_stacks.py; runs in each.

python -m tests.stacks_side make FOLDER DATA            a tagger trained, a SavedModel, a checkpoint converted
python -m tests.stacks_side read FOLDER TEXTS OUT.json  what this environment makes of them
"""

import json
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
ENCODER = ROOT / "albert" / "pretrained" / "albert_mini_zh"


def make(folder, data):
    """Train for a minute, export, convert; the commands' own output goes to standard output."""
    options = ["--do_train", "--do_export", f"--data_dir={data}", f"--output_dir={folder / 'tagger'}", f"--export_dir={folder / 'export'}"]
    options += [f"--init_checkpoint={ENCODER}", "--mixed_precision=off", "--num_train_epochs=2", "--seed=7"]
    subprocess.run([sys.executable, ROOT / "run_ner.py", *options], check=True)
    command = [sys.executable, "-m", "albert.convert_checkpoint", f"--input_path={ENCODER}", "--output_format=huggingface"]
    subprocess.run([*command, f"--output_path={folder / 'converted'}"], cwd=ROOT, check=True)


def read(folder, texts):
    """dict: for ``tagger`` and ``export`` a list of [start, end, label, score] for each text, for ``converted`` hidden states."""
    import albert  # noqa: PLC0415 - ``make`` does without
    import ner  # noqa: PLC0415
    from albert.keras import keras  # noqa: PLC0415

    found = {"keras": keras.__name__}
    for name in ("tagger", "export"):
        tagger = ner.Tagger.load(folder / name)
        found[name] = [[[e.start, e.end, e.label, e.score] for e in tagger.tag(text)] for text in texts]
    encoder = albert.load_encoder(folder / "converted")
    found["converted"] = encoder({"input_word_ids": [[101, 577, 1031, 102]]})["sequence_output"].numpy().tolist()
    return found


if __name__ == "__main__":
    if sys.argv[1] == "make":
        make(pathlib.Path(sys.argv[2]), sys.argv[3])
    else:
        lines = pathlib.Path(sys.argv[3]).read_text(encoding="utf-8").splitlines()
        pathlib.Path(sys.argv[4]).write_text(json.dumps(read(pathlib.Path(sys.argv[2]), lines)), encoding="utf-8")
