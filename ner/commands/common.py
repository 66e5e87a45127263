"""What several commands need."""

from albert.errors import UserError
from ner.model_dir import ModelDir


def required(flags, name):
    value = flags[name].value
    if not value:
        raise UserError(f"--{name}: not given, expected a directory")
    return value


def model_dir(flags):
    path = flags.model_dir or flags.output_dir
    if not path:
        raise UserError("--model_dir: not given, expected the output directory of a training run")
    return ModelDir(path)
