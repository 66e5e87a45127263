"""From a path to a checkpoint: which files it is made of, and which format its variable names show."""

import dataclasses
import fnmatch
import functools
import os
import re
from typing import Optional

from albert import tokenizer_json
from albert.checkpoints.files import sharded
from albert.checkpoints.files.safetensors import SafetensorsFile
from albert.checkpoints.files.torch import open_torch
from albert.checkpoints.files.weights_file import WeightsFile
from albert.checkpoints.proof import fetch
from albert.config import AlbertConfig
from albert.errors import CheckpointError
from albert.foreign import guard, kind_of, printable, way_out
from albert.formats import FORMATS
from albert.formats.huggingface import SHARD_INDEX
from albert.formats.table import Format

_SPM_MODELS = ("*.model",)
# Models whose layers are named as BERT's, and that do not compute the same: what transformers puts before their names.
_OTHER_MODELS = {
    *("camembert", "data2vec_text", "deberta", "electra", "ernie", "ernie_m", "esm", "layoutlm", "longformer", "mobilebert", "mpnet"),
    *("nezha", "roberta", "roberta_prelayernorm", "roformer", "splinter", "squeezebert", "xlm_roberta", "xmod"),
}


@dataclasses.dataclass(frozen=True)
class Checkpoint:
    """A published checkpoint and the files that belong to it.

    Attributes:
      path: the weights: a file, or the prefix of a TensorFlow checkpoint.
      directory: where they are.
      source: the opened weights file (``albert.checkpoints.files.weights_file.WeightsFile``).
      format: its ``Format``.
      scope: what precedes the encoder's names in this file.
      head_scope: what precedes the heads' names.
      config_file, vocab_file, spm_model_file: the files beside it (or those given instead), None where there is none.
    """

    path: str
    directory: str
    source: WeightsFile
    format: Format
    scope: str
    head_scope: str
    config_file: Optional[str]
    vocab_file: Optional[str]
    spm_model_file: Optional[str]

    @property
    def layout(self):
        """Name of the format, a key of ``albert.formats.FORMATS``."""
        return self.format.layout

    @property
    def remarks(self):
        """Oddities of the weights, and how each was read: tuple of lines."""
        remarks = []
        if self.head_scope:
            remarks.append(f"the prefix {printable(self.head_scope)} of all its names is left out")
        if not self.has_pooler:
            remarks.append("no pooler: pooled_output has random weights, all else is complete")
        return tuple(f"{self.path}: {remark}" for remark in remarks)

    @property
    def has_pooler(self):
        """True if any weight of the pooler is stored; masked-LM and token-classification models have none."""
        names = (row.theirs for row in self.format.encoder if row.ours.startswith("pooler/"))
        return any(self.scope + name in self.source.tensors for name in names)

    @functools.cached_property
    def config(self):
        """The ``AlbertConfig`` beside the weights, its keys read by the conventions of the weights' layout.

        Raises:
          CheckpointError: there is none.
          ConfigError: it is broken, or asks for something this library does not implement.
        """
        if self.config_file is None:
            raise CheckpointError(
                f"{self.directory}: expected a config beside {os.path.basename(self.path)} ({', '.join(_all_names('configs'))}), found none"
            )
        return AlbertConfig.from_json_file(self.config_file, self.layout)


def find(path, config_file=None, vocab_file=None, spm_model_file=None, offline=None):
    """Find a checkpoint and what belongs to it.

    Args:
      path: a directory in any published layout, a TensorFlow checkpoint prefix, or a ``.safetensors`` or ``.bin`` file; or, where
        nothing has that path, the name of a release as ``albert.hub.resolve`` takes it, which is fetched if it has to be.
      config_file, vocab_file, spm_model_file: use these instead of the files beside the weights.
      offline: True to fetch nothing; by default as the environment says.

    Returns:
      ``Checkpoint``. The weights' names and shapes are known, no value has been read.

    Raises:
      CheckpointError: there are no weights, several to choose from, or their variable names belong to no known format.
    """
    path = os.fspath(path)
    weights = _weights(path, offline)
    directory = os.path.dirname(weights) or "."
    source = _open(weights)
    fmt, scope, head_scope = detect(source)
    for flag in (config_file, vocab_file, spm_model_file):
        if flag and not os.path.isfile(flag):
            raise CheckpointError(f"{flag}: no such file")
    vocab_file = vocab_file or _only(directory, dict.fromkeys(("vocab.txt", *_all_names("vocabulary"))))
    spm_model_file = spm_model_file or _only(directory, _SPM_MODELS)
    if not vocab_file and not spm_model_file:
        vocab_file = _only(directory, (tokenizer_json.NAME,))
    return Checkpoint(
        path=weights,
        directory=directory,
        source=source,
        format=fmt,
        scope=scope,
        head_scope=head_scope,
        config_file=config_file or _only(directory, dict.fromkeys((*fmt.files.configs, *_all_names("configs")))),
        vocab_file=vocab_file,
        spm_model_file=spm_model_file,
    )


def detect(source):
    """The format that a file's variable names show.

    Returns:
      (``Format``, scope of the encoder, scope of the heads); a scope is what precedes the names in the format's table.

    Raises:
      CheckpointError: no format's names are in it, or those of several, or of several encoders.
    """
    found = [fmt for fmt in FORMATS.values() if any(re.search(fmt.marker, name) for name in source.tensors)]
    if len(found) != 1:
        what = " and ".join(fmt.title for fmt in found) or f"{len(source.tensors)} tensors of none of them" + _sample(source.tensors)
        known = ", ".join(fmt.title for fmt in FORMATS.values())
        raise CheckpointError(f"{source.path}: expected variables of one format ({known}), found {what}")
    fmt = found[0]
    if fmt.refuse:
        fmt.refuse(source)
    anchors = [name for name in source.tensors if name == fmt.anchor or name.endswith(("/" + fmt.anchor, "." + fmt.anchor))]
    if len(anchors) != 1:
        raise CheckpointError(f"{source.path}: tensor {fmt.anchor}: expected one in a {fmt.title} checkpoint, found {_count(anchors)}")
    scope = anchors[0][: -len(fmt.anchor)]
    if fmt.scope and re.search(rf"(^|[./]){re.escape(fmt.scope)}$", scope):
        return fmt, scope, scope[: -len(fmt.scope)]
    # In front of every name it is a wrapper's, such as DataParallel's "module.": unless it is that of a model with BERT's names.
    wrapped = all(name.startswith(scope) for name in source.tensors) and not _OTHER_MODELS & set(re.split(r"[./]", scope))
    if scope and fmt.scope_required and not wrapped:
        raise CheckpointError(
            f"{source.path}: tensor {anchors[0]}: expected {fmt.anchor} or {fmt.scope}{fmt.anchor}, "
            f"found the prefix {scope!r} of another model"
        )
    return fmt, scope, scope


def _sample(names):
    return f" (the first is {min(names)})" if names else ""


def _count(names):
    return f"{len(names)} ({', '.join(sorted(names))})" if names else "none"


def _weights(path, offline):
    """The weights file or TensorFlow prefix that ``path`` means."""
    if os.path.isdir(path):
        return _weights_in(path)
    prefix = re.sub(r"\.(index|data-\d{5}-of-\d{5}|meta)$", "", path)
    if os.path.isfile(f"{prefix}.index"):
        return prefix
    if os.path.isfile(path):
        return path
    return _weights_in(fetch(path, offline))


def _weights_in(directory):
    prefixes = sorted(name[: -len(".index")] for name in os.listdir(directory) if name.endswith(".index"))
    known = _weights_files()
    files = [name for name in known if _is_named(os.path.join(directory, name))]
    if prefixes and files:
        raise CheckpointError(
            f"{directory}: expected one checkpoint, found {prefixes[0]}.index and {files[0]}: give the path of the one to load"
        )
    if files:
        return os.path.join(directory, files[0])
    if not prefixes:
        single = " or ".join(name for name in known if not name.endswith(SHARD_INDEX))
        found = f"{_listing(directory)}{way_out(os.listdir(directory))}"
        raise CheckpointError(f"{directory}: expected a TensorFlow checkpoint (*.index), {single}, found {found}")
    if len(prefixes) > 1:
        chosen = _named_by_checkpoint_file(directory)
        if chosen not in prefixes:
            state = f"names {chosen!r}, which is not here" if chosen else "is missing"
            raise CheckpointError(
                f"{directory}: expected one TensorFlow checkpoint or a 'checkpoint' file that names one, "
                f"found {len(prefixes)} ({', '.join(prefixes)}) and the 'checkpoint' file {state}"
            )
        return os.path.join(directory, chosen)
    return os.path.join(directory, prefixes[0])


def _weights_files():
    """Names of weights files, TensorFlow checkpoints aside, in the order in which they are looked for."""
    files = [fmt.files for fmt in FORMATS.values() if not fmt.container.startswith("tensorflow")]
    return list(dict.fromkeys(name for names in files for name in (names.weights, *names.other_weights)))


def _all_names(field):
    """Every format's ``FileNames.field``: list of names or patterns, each once."""
    values = [getattr(fmt.files, field) for fmt in FORMATS.values()]
    return list(dict.fromkeys(name for value in values for name in ((value,) if isinstance(value, str) else value)))


def _named_by_checkpoint_file(directory):
    """The prefix, without directory, that TensorFlow's ``checkpoint`` file names; None without such a file."""
    try:
        with open(os.path.join(directory, "checkpoint"), encoding="utf-8") as f:
            match = re.search(r'^model_checkpoint_path:\s*"([^"]*)"', f.read(), re.MULTILINE)
    except (OSError, UnicodeDecodeError):
        return None
    # A published file names the path on its author's machine; the file itself is here.
    return os.path.basename(match.group(1)) if match else None


def _listing(directory):
    names = sorted(os.listdir(directory))
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "") if names else "an empty directory"


def _open(weights):
    if os.path.isfile(f"{weights}.index"):
        from albert.checkpoints.files.tensorflow import TensorFlowFile  # noqa: PLC0415 - only these files need TensorFlow to be read

        return TensorFlowFile(weights)
    if weights.endswith(SHARD_INDEX):
        return sharded.ShardedFile(weights, _open)
    with guard(weights, "weights", CheckpointError):
        with open(weights, "rb") as f:
            head = f.read(9)
        is_zip = head.startswith(b"PK")
        kind = None if is_zip else kind_of(weights)
    if kind:
        raise CheckpointError(f"{weights}: expected weights, found {kind}{way_out([os.path.basename(weights)])}")
    # By content: a file may have been renamed. A safetensors file begins with the length of its header, a JSON object.
    if not is_zip and (weights.endswith(".safetensors") or head[8:] == b"{"):
        return SafetensorsFile(weights)
    return open_torch(weights)


def _is_named(path):
    """True if there is a file of that name. A dangling link counts as one, so that no other file is taken in its place."""
    return os.path.isfile(path) or (os.path.islink(path) and not os.path.exists(path))


def _only(directory, patterns):
    """The one file of a directory that matches the first pattern with any match; None if none does, an error for several."""
    names = sorted(name for name in os.listdir(directory) if _is_named(os.path.join(directory, name)))
    for pattern in patterns:
        found = fnmatch.filter(names, pattern)
        if len(found) > 1:
            raise CheckpointError(f"{directory}: expected one {pattern}, found {', '.join(found)}: give the path of the one to use")
        if found:
            return os.path.join(directory, found[0])
    return None
