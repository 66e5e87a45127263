"""A small run of run_pretraining.py in this process, and what it leaves."""

import csv
import pathlib

import numpy as np
from absl import flags

import run_pretraining
from albert import checkpoints, command
from albert.errors import FieldError, UserError

ROOT = pathlib.Path(__file__).resolve().parents[3]


def arguments(options):
    return [f"--{name}={value}" for name, value in options.items()]


def pretrain(options, **changes):
    """Run in this process, with flags of its own: those of run_ner.py have the same names. Errors are those the command prints."""
    values = flags.FlagValues()
    run_pretraining.define_flags(values)
    values(["run_pretraining.py", *arguments({**options, **changes})])
    try:
        return run_pretraining.main([], values)
    except FieldError as e:
        raise UserError(command.with_flags(e, values)) from e


def rows(options, kind):
    with open(pathlib.Path(options["output_dir"]) / f"{kind}.csv", encoding="utf-8") as f:
        return list(csv.DictReader(f))


def weights(directory):
    checkpoint = checkpoints.find(str(directory))
    return {name: np.asarray(checkpoint.source.read(name)) for name in checkpoint.source.tensors}


def same(first, second):
    first, second = weights(first), weights(second)
    return first.keys() == second.keys() and all(np.array_equal(first[name], second[name]) for name in first)
