"""Earlier names of modules that have moved: importing them, and ``python -m``, goes on to work."""

import importlib
import importlib.abc
import importlib.util
import sys

# Documented names: they stay. docs/architecture.md lists the places of all that has moved.
_MOVED = {
    "albert.build_vocab": "albert.cli.build_vocab",
    "albert.config_formats": "albert.formats",
    "albert.convert_checkpoint": "albert.cli.convert_checkpoint",
    "albert.heads": "albert.pretraining_model",
    "albert.inspect_checkpoint": "albert.cli.inspect_checkpoint",
    "ner.beam": "ner.cli.beam",
    "ner.calibration": "ner.evaluation.calibration",
    "ner.config": "ner.model.config",
    "ner.data.joining": "ner.long_text.joining",
    "ner.data.pipeline": "ner.batches.encoded",
    "ner.data.windows": "ner.long_text.windows",
    "ner.error_analysis": "ner.evaluation.error_analysis",
    "ner.exported": "ner.tagging.exported",
    "ner.formats": "ner.tagging.writers",
    "ner.inference": "ner.tagging.predictor",
    "ner.layers": "ner.model",
    "ner.layers.bilstm": "ner.model.recurrent.bilstm",
    "ner.layers.crf": "ner.model.crf.layer",
    "ner.lexicon": "ner.decoding.gazetteer",
    "ner.model_dir": "ner.model.directory",
    "ner.models": "ner.model.network",
    "ner.tagger": "ner.tagging.tagger",
}


class _Redirect(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds a module by its earlier name: the same module object as by the present one."""

    def find_spec(self, fullname, path=None, target=None):
        new = _MOVED.get(fullname)
        if new is None:
            return None
        # The file is what ``python -m`` puts into sys.argv. A package too: its earlier name may have had modules below it.
        origin = importlib.util.find_spec(new).origin
        return importlib.util.spec_from_loader(fullname, self, origin=origin, is_package=new in ("ner.model", "ner.tagging.writers"))

    def create_module(self, spec):
        module = importlib.import_module(_MOVED[spec.name])
        self._spec = module.__spec__
        return module

    def exec_module(self, module):
        # The import system has put the earlier name's there.
        module.__spec__ = self._spec

    def get_code(self, fullname):
        """Code that ``python -m`` runs."""
        return importlib.util.find_spec(_MOVED[fullname]).loader.get_code(_MOVED[fullname])


def install():
    """Let the earlier names be found, after all others."""
    if not any(isinstance(finder, _Redirect) for finder in sys.meta_path):
        sys.meta_path.append(_Redirect())
