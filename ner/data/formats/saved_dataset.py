"""Directories that HuggingFace ``datasets`` saves: Arrow files, ``dataset_info.json`` and ``state.json``."""

import contextlib
import json
import os
import shutil

from albert.errors import UserError
from albert.files import read_json, write_json
from albert.foreign import guard
from ner.errors import DataError

_STATE, _INFO = "state.json", "dataset_info.json"
_DATA = "data-00000-of-00001.arrow"


def _pyarrow():
    try:
        import pyarrow  # noqa: PLC0415 - an extra
        import pyarrow.ipc  # noqa: PLC0415
    except ImportError as e:
        raise UserError("a data set saved by HuggingFace datasets needs the extra datasets: pip install albert-ner[datasets]") from e
    return pyarrow


def rows(path):
    """Yield the rows of a saved directory as dicts. Raises DataError where a file is missing or damaged."""
    pyarrow = _pyarrow()
    state = os.path.join(path, _STATE)
    files = read_json(state, "the state of a saved data set", error=DataError).get("_data_files")
    names = [entry.get("filename") if isinstance(entry, dict) else None for entry in files] if isinstance(files, list) else [None]
    for name in names:
        if not isinstance(name, str) or os.path.basename(name) != name:
            raise DataError(f"{state}: found _data_files without names of files, expected what datasets wrote")
        file = os.path.join(path, name)
        if not os.path.isfile(file):
            raise DataError(f"{file}: found no such file, expected it as {_STATE} names it")
        with guard(file, "Arrow data as datasets writes them", DataError), pyarrow.memory_map(file) as source:
            for batch in pyarrow.ipc.open_stream(source):
                batch.validate(full=True)
                yield from batch.to_pylist()


def save(path, values):
    """Write objects with ``tokens`` and ``ner_tags`` as a saved directory, whole or not at all.

    Args:
      path: a directory, which must not exist.
      values: list of dicts; keys that not all have are empty in the others.
    """
    pyarrow = _pyarrow()
    if os.path.lexists(path):
        raise DataError(f"{path}: exists, expected a new directory")
    names = sorted({tag for value in values for tag in value["ner_tags"]}, key=lambda tag: (tag != "O", tag[2:], tag))
    number = {name: i for i, name in enumerate(names)}
    values = [{**value, "ner_tags": [number[tag] for tag in value["ner_tags"]]} for value in values]
    keys = list(dict.fromkeys(key for value in values for key in value))
    # One type a column: what is of several kinds is written as JSON.
    columns, features = {}, {}
    for key in keys:
        column = [value.get(key) for value in values]
        columns[key], features[key] = _column(pyarrow, column)
    features["tokens"] = {"feature": {"dtype": "string", "_type": "Value"}, "_type": "Sequence"}
    features["ner_tags"] = {"feature": {"names": names, "_type": "ClassLabel"}, "_type": "Sequence"}
    table = pyarrow.table(columns).replace_schema_metadata({"huggingface": json.dumps({"info": {"features": features}})})
    temporary = f"{path.rstrip(os.sep)}.tmp"
    try:
        os.makedirs(temporary)
        with pyarrow.OSFile(os.path.join(temporary, _DATA), "wb") as sink, pyarrow.ipc.new_stream(sink, table.schema) as writer:
            writer.write_table(table)
        state = {"_data_files": [{"filename": _DATA}], "_fingerprint": "0" * 16, "_format_columns": None, "_format_kwargs": {}}
        write_json(os.path.join(temporary, _STATE), {**state, "_format_type": None, "_output_all_columns": False, "_split": None})
        write_json(os.path.join(temporary, _INFO), {"citation": "", "description": "", "features": features, "homepage": "", "license": ""})
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            shutil.rmtree(temporary)
        raise


def _column(pyarrow, column):
    """The Arrow array of a column, and its feature."""
    kinds = {type(value) for value in column} - {type(None)}
    if kinds == {int} and all(value is None or -(2**63) <= value < 2**63 for value in column):
        return pyarrow.array(column, pyarrow.int64()), {"dtype": "int64", "_type": "Value"}
    if kinds <= {int, float} and kinds and bool not in kinds:
        return pyarrow.array([value if value is None else float(value) for value in column]), {"dtype": "float64", "_type": "Value"}
    if kinds == {bool}:
        return pyarrow.array(column), {"dtype": "bool", "_type": "Value"}
    for item, kind in ((str, "string"), (int, "int64")):
        if kinds == {list} and all(type(own) is item for value in column for own in value or ()):
            feature = {"feature": {"dtype": kind, "_type": "Value"}, "_type": "Sequence"}
            return pyarrow.array(column, pyarrow.list_(getattr(pyarrow, kind)())), feature
    texts = [value if value is None or isinstance(value, str) else json.dumps(value, ensure_ascii=False) for value in column]
    return pyarrow.array(texts, pyarrow.string()), {"dtype": "string", "_type": "Value"}
