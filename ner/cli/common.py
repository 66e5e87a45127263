"""Settings and functions that several commands share."""

import dataclasses
import os

from albert.errors import FieldError
from albert.fields import check_fields, setting


@dataclasses.dataclass(frozen=True)
class Steps:
    """Steps that ``run_ner.py`` does. Flagfiles hold these flags; a sub-command is one of these steps and needs none of them."""

    do_train: bool = setting(False, "Train on the train split of --data_dir into --output_dir.")
    do_eval: bool = setting(False, "Score the test split of --data_dir and write metrics.json beside the model.")
    do_predict: bool = setting(False, "Tag the lines of --input_file.")
    do_export: bool = setting(False, "Write the model to --export_dir, for TensorFlow Serving; with --data_dir, measure it.")

    def __post_init__(self):
        check_fields(self)


def check_new(path: str) -> None:
    """Refuse to write over what is there. Raises FieldError."""
    if os.path.lexists(path):
        raise FieldError("{output_file}: {} exists and is not overwritten; choose another name", path)
