"""Published checkpoints: Google ALBERT, brightmart ALBERT, Google BERT, HuggingFace ALBERT and BERT, and this library's own.

One module per format holds its table; ``find`` tells which format a path is, ``load_encoder`` and ``load_pretraining_model`` load
it, ``load_weights`` fills a model made elsewhere. Importing this package does not import TensorFlow.
"""

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Union

from albert import lazy

if TYPE_CHECKING:
    from albert.checkpoints.locate import Checkpoint, find
    from albert.encoder import AlbertEncoder
    from albert.pretraining_model import AlbertForPretraining

_Source = Union[str, "os.PathLike[str]", "Checkpoint"]

__all__ = ["Checkpoint", "find", "load_encoder", "load_pretraining_model", "load_weights"]
__getattr__, __dir__ = lazy.exports(__name__, {"Checkpoint": "albert.checkpoints.locate", "find": "albert.checkpoints.locate"})


def load_encoder(path: _Source, require_pooler: bool = True) -> "AlbertEncoder":
    """Load the encoder of a checkpoint in any published layout.

    Args:
      path: a directory, a TensorFlow checkpoint prefix, a ``.safetensors`` or ``.bin`` file, the name of a published release
        (``albert_base_zh``, ``hf:owner/name``; see ``albert.hub``), which is fetched if it has to be, ``albert_mini_zh`` for the
        encoder that comes with the package, or what :func:`find` returned.
        The layout is told from the variable names; the config beside the weights gives the sizes.
      require_pooler: False to accept a file without the pooler (HuggingFace's masked-LM and token-classification models have
        none); it then keeps its random initial values and ``pooled_output`` means nothing.

    Returns:
      ``AlbertEncoder``.

    Raises:
      CheckpointError: the files are not there, broken or ambiguous; or a tensor is missing, mis-shaped, or unused.
      ConfigError: the config is broken, or asks for something this library does not implement.
    """
    from albert.checkpoints import loading  # noqa: PLC0415 - imports TensorFlow

    return loading.load_encoder(_checkpoint(path), require_pooler)


def load_pretraining_model(path: _Source) -> "AlbertForPretraining":
    """Load an encoder and both its pretraining heads, masked language model and sentence order.

    Args:
      path: as for :func:`load_encoder`.

    Returns:
      ``AlbertForPretraining``.

    Raises:
      CheckpointError: as for :func:`load_encoder`; also if a head's tensor is missing, which it names.
    """
    from albert.checkpoints import loading  # noqa: PLC0415 - imports TensorFlow

    return loading.load_pretraining_model(_checkpoint(path))


def load_weights(model: Any, checkpoint: _Source, optional: Sequence[str] = ()) -> tuple[str, ...]:
    """Assign a checkpoint's values to a model that exists.

    Args:
      model: an ``AlbertEncoder`` or ``AlbertForPretraining`` (anything with a ``weight_map()``) of the checkpoint's sizes.
      checkpoint: what :func:`find` returned, or a path.
      optional: canonical prefixes (``pooler/``) whose weights may be absent from the file, if all of them are.

    Returns:
      tuple of the canonical names that the file does not have; their variables are as they were.

    Raises:
      CheckpointError: as for :func:`load_encoder`. Unless a value turns out unreadable, no variable has changed.
    """
    from albert.checkpoints import loading  # noqa: PLC0415 - imports TensorFlow

    return loading.load_weights(model, _checkpoint(checkpoint), optional)


def _checkpoint(path: "_Source") -> "Checkpoint":
    from albert.checkpoints.locate import Checkpoint, find  # noqa: PLC0415 - a weights file alone needs no format's table

    return path if isinstance(path, Checkpoint) else find(path)
