"""The packages that this project is installed as, of the same files: ``albert-ner``, and ``albert-ner-light`` without TensorFlow."""

import os

_FULL, _LIGHT = "albert_ner", "albert_ner_light"


def check(folder: str = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))) -> None:
    """Refuse a folder of packages that holds both: of two versions, files of either would be in use.

    Raises:
      ImportError: it does; says what to remove.
    """
    # By the names of folders, as reading all packages' metadata takes longer than all else of the import.
    found = {name.split("-")[0] for name in os.listdir(folder) if name.startswith(_FULL) and name.endswith(".dist-info")}
    if {_FULL, _LIGHT} <= found:
        raise ImportError(
            f"{folder}: found albert-ner and albert-ner-light, which have the same files, expected one of them: "
            "pip uninstall albert-ner albert-ner-light, then pip install albert-ner, or albert-ner-light"
        )
