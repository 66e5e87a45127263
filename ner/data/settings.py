"""Settings of labelled data."""

import dataclasses
from typing import Optional

from albert.fields import check_fields, setting
from ner.data.placing import NESTED
from ner.data.problems import POLICIES


@dataclasses.dataclass(frozen=True)
class DataSettings:
    """A data set, and what to do about its bad lines."""

    data_dir: Optional[str] = setting(
        None, "Directory with train.txt, test.txt and optionally dev.txt, in any of the formats of docs/data.md."
    )
    on_bad_line: str = setting("error", "What to do with a bad line of the data: stop, or leave its sentence out.", choices=POLICIES)
    nested: str = setting("refuse", "Entities inside others: a bad line, or the outermost is kept and the others counted.", choices=NESTED)

    def __post_init__(self):
        check_fields(self)

    @property
    def reading(self) -> dict:
        """Options of ``ner.data.readers``."""
        return {"on_bad_line": self.on_bad_line, "nested": self.nested}
