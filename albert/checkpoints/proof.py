"""Releases fetched by name, and the proof that they are what they should be: they open, and every tensor of the encoder is there."""

from albert import hub
from albert.checkpoints.matching import match
from albert.checkpoints.shapes import encoder_shapes
from albert.errors import UserError
from albert.hub import FetchError


def fetch(name, offline=None):
    """The local directory of a release, fetched and proved if it is not there yet: ``albert.hub.resolve`` with :func:`prove`."""
    return hub.resolve(name, prove, offline)


def prove(release, directory):
    """Open a checkpoint and compare it with what the registry says of it. No values are read.

    Args:
      release: ``Release``.
      directory: where its files are.

    Raises:
      FetchError: the checkpoint does not open, is of another layout or architecture, or lacks a tensor.
    """
    from albert.checkpoints.locate import find  # noqa: PLC0415 - which fetches by name

    try:
        found = find(directory)
        if release.layout and found.layout != release.layout:
            raise FetchError(f"{found.path}: expected weights in the layout {release.layout}, found {found.layout}")
        for field, expected in (release.architecture or {}).items():
            value = getattr(found.config, field)
            if value != expected:
                raise FetchError(f"{found.config_file}: {field}: expected {expected}, found {value}")
        # HuggingFace's masked-LM and token-classification models have no pooler.
        problems = match(found, encoder_shapes(found.config), optional=("pooler/",)).problems
        if problems:
            raise problems[0]
    except UserError as e:
        raise FetchError(f"{release.name}: what was fetched is not this release: {e}") from e
