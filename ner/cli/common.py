"""What several commands need."""

from albert import command
from ner import pretrained
from ner.decoding.constraints import DecodingOptions
from ner.model.directory import ModelDir


def required(flags, name):
    """The value of a flag that names a directory, or a ``UserError``."""
    return command.required(flags, name, "a directory")


def model_dir(flags):
    """The ``ModelDir`` to work with: --model_dir, else --output_dir, else the tagger that comes with the package."""
    # ``albert-ner tag`` has no --output_dir.
    return ModelDir(flags.model_dir or getattr(flags, "output_dir", None) or pretrained.DIRECTORY)


def decoding_options(flags):
    """The ``DecodingOptions`` that the flags describe."""
    return DecodingOptions(flags.constrained_decoding)
