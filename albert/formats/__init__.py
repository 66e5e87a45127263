"""Published checkpoint formats: a file each, which holds all that is known of it, and a line each here."""

from albert.errors import CheckpointError, ConfigError
from albert.fields import shown
from albert.formats import bert, brightmart, google, huggingface_albert, huggingface_bert, tf2

FORMATS = {
    fmt.layout: fmt
    for fmt in (
        google.FORMAT,
        brightmart.FORMAT,
        bert.FORMAT,
        huggingface_albert.FORMAT,
        huggingface_bert.FORMAT,
        tf2.FORMAT,
    )
}
_HUGGINGFACE = "huggingface_"  # and a model_type: the layouts of its configs


def targets():
    """Output formats of a conversion: list of the formats' targets."""
    return list(dict.fromkeys(fmt.output_format for fmt in FORMATS.values()))


def layout_of(values):
    """The layout whose conventions a config's keys show; for reading a config that has no checkpoint beside it.

    Args:
      values: the parsed JSON object.

    Raises:
      ConfigError: it is no format's.
    """
    # The last first: a format added later may claim a config that an earlier one would read as well.
    for layout, fmt in reversed(FORMATS.items()):
        if fmt.claims_config(values):
            return layout
    known = " or ".join(layout[len(_HUGGINGFACE) :] for layout in FORMATS if layout.startswith(_HUGGINGFACE))
    raise ConfigError(f"model_type must be {known}, found {shown(values.get('model_type'))}")


def adapt(config, weights, target):
    """Weights and config for a target that compute what the given ones do.

    Args:
      config: an ``AlbertConfig``.
      weights: dict from canonical name to float32 array; the heads' may be among them.
      target: one of :func:`targets`.

    Returns:
      (config, weights, layout): what to store, and the layout whose table stores it (``huggingface`` is two).

    Raises:
      CheckpointError: no weights of the target's architecture compute the same, with the reason.
    """
    candidates = [fmt for fmt in FORMATS.values() if fmt.output_format == target]
    if not candidates:
        raise CheckpointError(f"output format must be one of {', '.join(targets())}, found {target!r}")
    errors = []
    for fmt in candidates:
        try:
            return (*fmt.adapt(config, weights), fmt.layout)
        except CheckpointError as e:
            errors.append(e)
    raise errors[0]
