"""Settings of an export."""

import dataclasses
from typing import Optional

from albert.errors import FieldError
from albert.fields import check_fields, setting


@dataclasses.dataclass(frozen=True)
class ExportSettings:
    """Settings of an exported model: its directory and its properties."""

    export_dir: Optional[str] = setting(None, "Directory of the exported model's versions, which a server watches.")
    export_version: int = setting(0, "Number of the version to export; 0 for one more than the largest there is.", at_least=0)
    export_format: str = setting("savedmodel", "For TensorFlow Serving, or for ONNX Runtime.", choices=("savedmodel", "onnx"))
    export_precision: str = setting("float32", "Arithmetic of the exported encoder.", choices=("float32", "bfloat16", "int8"))

    def __post_init__(self):
        check_fields(self)
        if self.export_format == "onnx" and self.export_precision == "bfloat16":
            raise FieldError("{export_precision}=bfloat16 requires {export_format}=savedmodel")
