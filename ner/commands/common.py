"""What several commands need."""

from albert import cli
from albert.errors import UserError
from ner.model_dir import ModelDir


def required(flags, name):
    """The value of a flag that names a directory, or a ``UserError``."""
    return cli.required(flags, name, "a directory")


def model_dir(flags):
    path = flags.model_dir or flags.output_dir
    if not path:
        raise UserError("--model_dir: not given, expected the output directory of a training run")
    return ModelDir(path)
