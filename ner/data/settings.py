"""Settings of labelled data."""

import dataclasses
from typing import Optional

from albert.fields import check_fields, setting
from ner.data.problems import POLICIES


@dataclasses.dataclass(frozen=True)
class DataSettings:
    """A data set, and what to do about its bad lines."""

    data_dir: Optional[str] = setting(None, "Directory with train.txt, test.txt and optionally dev.txt: a character and its tag a line.")
    on_bad_line: str = setting("error", "What to do with a bad line of the data: stop, or leave its sentence out.", choices=POLICIES)

    def __post_init__(self):
        check_fields(self)
