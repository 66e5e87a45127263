"""ALBERT and BERT encoders for TensorFlow 2, with exact loading of the published Chinese checkpoints.

TensorFlow is imported when the first name that needs it is used, not by ``import albert``.
"""

import os
import platform
from typing import TYPE_CHECKING

from albert import install, lazy, moved, quiet

if TYPE_CHECKING:
    from albert.checkpoints import load_encoder, load_pretraining_model
    from albert.config import AlbertConfig
    from albert.encoder import AlbertEncoder
    from albert.errors import CheckpointError, ConfigError, UserError, VocabularyError
    from albert.pretraining_model import AlbertForPretraining
    from albert.tokenization import CharTokenizer, SentencePieceTokenizer

# TensorFlow's C++ start-up messages (missing CUDA libraries, CPU features) say nothing a user of this library can act on.
# Set TF_CPP_MIN_LOG_LEVEL=0 before starting Python to see them.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
# TensorFlow's x86 builds multiply matrices with oneDNN by themselves only where the CPU has AVX512-VNNI or better. With AVX2 it is
# faster too, and fuses products with their biases. TF_ENABLE_ONEDNN_OPTS=0 leaves it off.
if platform.machine() in ("x86_64", "AMD64"):
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")

install.check()
quiet.install()
moved.install()

__version__ = "0.1.0"

_EXPORTS = {
    "AlbertConfig": "albert.config",
    "AlbertEncoder": "albert.encoder",
    "AlbertForPretraining": "albert.pretraining_model",
    "CharTokenizer": "albert.tokenization",
    "CheckpointError": "albert.errors",
    "ConfigError": "albert.errors",
    "SentencePieceTokenizer": "albert.tokenization",
    "UserError": "albert.errors",
    "VocabularyError": "albert.errors",
    "load_encoder": "albert.checkpoints",
    "load_pretraining_model": "albert.checkpoints",
}
# A type checker reads no computed list.
__all__ = [
    "AlbertConfig",
    "AlbertEncoder",
    "AlbertForPretraining",
    "CharTokenizer",
    "CheckpointError",
    "ConfigError",
    "SentencePieceTokenizer",
    "UserError",
    "VocabularyError",
    "load_encoder",
    "load_pretraining_model",
]
__getattr__, __dir__ = lazy.exports(__name__, _EXPORTS)
