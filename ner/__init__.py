"""Chinese named entity recognition with ALBERT-BiLSTM-CRF.

TensorFlow is imported when the first name that needs it is used, not by ``import ner``.
"""

from typing import TYPE_CHECKING

# Also sets how loud TensorFlow is before anything here imports it.
from albert import __version__ as __version__
from albert import lazy

if TYPE_CHECKING:
    from ner.entity import Entity
    from ner.evaluation.scores import evaluate
    from ner.tagging.tagger import Tagger
    from ner.training.from_python import train

_EXPORTS = {
    "Entity": "ner.entity",
    "Tagger": "ner.tagging.tagger",
    "evaluate": "ner.evaluation.scores",
    "train": "ner.training.from_python",
}
__all__ = ["Entity", "Tagger", "evaluate", "train"]
__getattr__, __dir__ = lazy.exports(__name__, _EXPORTS)
