"""Writes the data of this folder anew, with the commands of the checkout it is run from; see README.md."""

import hashlib
import itertools
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tarfile

FOLDER = pathlib.Path(__file__).resolve().parent
CHECKOUT = FOLDER.parents[2]
TAGGERS = ("albert_lstm_crf", "bert_peephole", "albert_gru", "char_lattice")
CHECKPOINT = "finished/pretraining/step-00000023"
EXPORTED = "albert_lstm_crf"
FIXTURES = ("google_albert", "brightmart_postln", "bert", "hf_albert", "hf_albert_pretraining", "hf_bert_pretraining")
FORMATS = ("google", "brightmart", "bert", "huggingface", "tf2")
# Steps at which the half-done runs were killed: in the middle of an epoch, or between two checkpoints.
KILLED_AFTER = {"albert_lstm_crf": 105, "bert_peephole": 50, "albert_gru": 120, "char_lattice": 65, "pretraining": 11}

PERSONS = ("沈知远", "陆小满", "顾青", "温以宁", "白露生")
PLACES = ("云岭", "青石镇", "南屿", "鹿鸣县", "海棠湾")
ORGANISATIONS = ("青禾大学", "远山书店", "白塔医院", "松风公司")
TEMPLATES = (
    "{PER}昨天去了{LOC}。",
    "{ORG}在{LOC}开了新的分部",
    "{PER}是{ORG}的老师，住在{LOC}。",
    "记者从{ORG}得知，{PER}已经回到{LOC}",
    "今天下雨，大家都没有出门。",
    "{LOC}的冬天很冷，{PER}说。",
    "请把这封信交给{ORG}的{PER}",
)
TEXTS = (
    "沈知远昨天去了海棠湾。",
    "温以宁是松风公司的老师，住在青石镇。",
    "",
    "雨",
    "请把这封信交给白塔医院的顾青，他今天从鹿鸣县回来，明天又要和陆小满一起去南屿看远山书店的新分部，大家都说云岭的冬天很冷。",
    "记者得知😀白露生已经回到LuMing县 2031年，\t没有e\u0301出门。",
    "今天下雨，大家都没有出门。",
    "顾青顾青青禾大学云岭云岭",
)
STORY = ("今天早上小满去了书店。", "中午她在镇上吃面。", "下午老师教大家写信。", "晚上全家一起看雨。", "夜里海湾的风很大。")

# Runs a command of the checkout until a training state of the given step is on the disk, and then kills itself.
KILLED_RUN = """
import os, runpy, signal, sys
from albert.training.state import TrainingState

command, last_step = sys.argv[1], int(sys.argv[2])
save = TrainingState.save

def save_and_die(self, progress):
    save(self, progress)
    if progress.step == last_step:
        os.kill(os.getpid(), signal.SIGKILL)

TrainingState.save = save_and_die
sys.argv = [command, *sys.argv[3:]]
runpy.run_path(command, run_name="__main__")
"""

TAG = """
import json, sys
import ner

path, texts = json.load(sys.stdin)
tagger = ner.Tagger.load(path)
print(json.dumps([[[e.start, e.end, e.label, e.score] for e in tagger.tag(text)] for text in texts]))
"""

ENCODE = """
import json, sys
import numpy as np
import albert

outputs = albert.load_encoder(sys.argv[1])({"input_word_ids": np.array(json.loads(sys.argv[2]), np.int32)})
print(json.dumps(outputs["pooled_output"].numpy().tolist()))
"""
WORDS = [[2, 17, 5, 23, 31, 7, 3], [2, 60, 41, 1, 11, 13, 3]]

# Runs the command once for each list of arguments and prints the exit codes; forked, so that TensorFlow is imported once.
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


def write_texts():
    (FOLDER / "text").mkdir(exist_ok=True)
    names = {"PER": itertools.cycle(PERSONS), "LOC": itertools.cycle(PLACES), "ORG": itertools.cycle(ORGANISATIONS)}
    rows = []
    for template in TEMPLATES * 7:
        for part in template.replace("{", "}").split("}"):
            label = part if part in names else None
            word = next(names[label]) if label else part
            rows += [f"{c}\t{_tag(label, i)}\n" for i, c in enumerate(word)]
        rows.append("\n")
    write(FOLDER / "text" / "train.txt", "".join(rows))
    documents = ["\n".join(STORY[i % 3 : i % 3 + 2 + i % 4]) for i in range(23)]
    write(FOLDER / "text" / "pretraining.txt", "\n\n".join(documents) + "\n")
    characters = sorted({*"".join(STORY)})
    entries = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *characters]
    write(FOLDER / "vocab.txt", "".join(f"{e}\n" for e in [*entries, *(f"[unused{i}]" for i in range(1, 62 - len(entries)))]))
    words = {w[:n] for w in (*PERSONS, *PLACES, *ORGANISATIONS) for n in (2, 3)} | {"昨天", "今天", "下雨", "老师", "大家", "出门"}
    write(FOLDER / "words.txt", "".join(f"{word}\n" for word in sorted(words)))


def _tag(label, position):
    return f"{'I' if position else 'B'}-{label}" if label else "O"


def write(path, text):
    path.write_text(text, encoding="utf-8", newline="\n")


def python(*arguments, expected=0, **options):
    """Run Python in this folder. Returns what it printed."""
    result = run(*arguments, **options)
    if result.returncode != expected:
        sys.exit(f"{result.stdout}{result.stderr}expected exit code {expected}, found {result.returncode}")
    return result.stdout


def run(*arguments, **options):
    print("python", *(str(argument).strip().split("\n", 1)[0] for argument in arguments), flush=True)
    environment = {**os.environ, "PYTHONPATH": str(CHECKOUT), "CUDA_VISIBLE_DEVICES": "-1"}
    # All paths are relative to the folder, so that none of one machine's is in the records.
    return subprocess.run(
        [sys.executable, *map(str, arguments)], cwd=FOLDER, env=environment, capture_output=True, text=True, check=False, **options
    )


def train(name, command):
    flags = f"--flagfile=flags/{name}.flags"
    python("-c", KILLED_RUN, CHECKOUT / command, KILLED_AFTER[name], flags, f"--output_dir=half_done/{name}", expected=-signal.SIGKILL)
    python(CHECKOUT / command, flags, f"--output_dir=finished/{name}")
    for path in (FOLDER / "half_done" / name, FOLDER / "finished" / name):
        # The machine's name is in them, and no run reads them.
        for events in ("tensorboard", "logs"):
            shutil.rmtree(path / events, ignore_errors=True)
        record = path / "run.json"
        write(record, re.sub(r'("platform": )".*"', r'\1"Linux"', record.read_text(encoding="utf-8")))
    # Needed by no test, as the half-done run has one.
    shutil.rmtree(FOLDER / "finished" / name / "state", ignore_errors=True)


def make_runs():
    write_texts()
    for name in ("half_done", "finished", "token_cache"):
        shutil.rmtree(FOLDER / name, ignore_errors=True)
    for name in TAGGERS:
        train(name, "run_ner.py")
    train("pretraining", "run_pretraining.py")
    pack("half_done")


def make_export():
    shutil.rmtree(FOLDER / "export", ignore_errors=True)
    python(CHECKOUT / "run_ner.py", "--do_export", f"--model_dir=finished/{EXPORTED}", "--export_dir=export")
    pack("export")


def pack(name):
    """Replace a directory of this folder by an archive of it."""
    with tarfile.open(FOLDER / f"{name}.tar.xz", "w:xz") as archive:
        archive.add(FOLDER / name, name, filter=anonymous)
    shutil.rmtree(FOLDER / name)


def anonymous(member):
    member.uid = member.gid = member.mtime = 0
    member.uname = member.gname = ""
    return member


def make_checkpoints():
    """Convert every source to every format; keeps the conversions of the pretraining run's checkpoint.

    Returns:
      dict from format to a dict from source to the SHA-256 of every file of the result, None where the format cannot hold it.
    """
    for name in ("converted", "temporary"):
        shutil.rmtree(FOLDER / name, ignore_errors=True)
    sources = {"pretraining": CHECKPOINT, **{fixture: f"../../albert/data/{fixture}" for fixture in FIXTURES}}
    outputs = {(t, s): f"converted/{t}" if s == "pretraining" else f"temporary/{s}_{t}" for t in FORMATS for s in sources}
    arguments = [[f"--input_path={sources[s]}", f"--output_path={output}", f"--output_format={t}"] for (t, s), output in outputs.items()]
    codes = json.loads(python("-c", CONVERT, input=json.dumps(arguments)))
    hashes = {target: {} for target in FORMATS}
    for ((target, source), output), code in zip(outputs.items(), codes):
        files = sorted(path for path in (FOLDER / output).rglob("*") if path.is_file())
        assert bool(code) != bool(files), output
        found = {path.relative_to(FOLDER / output).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
        hashes[target][source] = found or None
    shutil.rmtree(FOLDER / "temporary")
    return hashes


def make_expected(conversions):
    entities = {name: json.loads(python("-c", TAG, input=json.dumps([f"finished/{name}", TEXTS]))) for name in TAGGERS}
    pooled = json.loads(python("-c", ENCODE, CHECKPOINT, json.dumps(WORDS)))
    encoder = {"input_word_ids": WORDS, "pooled_output": pooled}
    expected = {"texts": TEXTS, "encoder": encoder, "entities": entities, "conversions": conversions}
    write(FOLDER / "expected.json", json.dumps(expected, ensure_ascii=False, indent=1) + "\n")


if __name__ == "__main__":
    make_runs()
    make_export()
    make_expected(make_checkpoints())
