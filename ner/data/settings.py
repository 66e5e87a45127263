"""Settings of labelled data."""

import dataclasses
from typing import Optional

from albert.fields import check_fields, setting
from ner.data.examples import Corpus
from ner.data.given import read_given
from ner.data.placing import NESTED
from ner.data.problems import POLICIES
from ner.data.readers import read_split
from ner.errors import DataError


@dataclasses.dataclass(frozen=True)
class DataSettings:
    """A data set, and what to do about its bad lines."""

    data_dir: Optional[str] = setting(
        None, "Directory with train.txt, test.txt and optionally dev.txt, in any of the formats of docs/data.md."
    )
    on_bad_line: str = setting("error", "What to do with a bad line of the data: stop, or leave its sentence out.", choices=POLICIES)
    nested: str = setting("refuse", "Entities inside others: a bad line, or the outermost is kept and the others counted.", choices=NESTED)
    # By split, as ``ner.data.given.read_given`` takes it, from a Python program. It takes the place of the directory and is no flag.
    given: Optional[dict] = None

    def __post_init__(self):
        check_fields(self)

    @property
    def reading(self) -> dict:
        """Options of ``ner.data.readers``."""
        return {"on_bad_line": self.on_bad_line, "nested": self.nested}

    @property
    def is_given(self) -> bool:
        """True if there is a directory, or data from Python."""
        return bool(self.data_dir) or self.given is not None

    def read(self, split: str, required: bool = True, **options) -> Optional[Corpus]:
        """A split as a ``Corpus``, None if there is none and it is not required; ``options`` are those of ``ExampleReader``.

        Raises:
          DataError: the split is required and missing, or cannot be read.
        """
        options = {**self.reading, **options}
        if self.given is None:
            return read_split(self.data_dir, split, required, **options)
        if self.given.get(split) is not None:
            return read_given(self.given[split], split, required, **options)
        if required:
            raise DataError(f"{split}: not given, expected a directory, a file, or a list of texts with their entities")
        return None
