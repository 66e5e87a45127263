"""Parameter groups: the learning rate of each of a tagger's weights."""

from albert.optimization import ParameterGroup


def tagger_groups(model, settings):
    """The groups of a tagger's weights, from the embeddings to the CRF.

    With ``layerwise_lr_decay`` d < 1 the encoder is one group for each set of transformer weights, its top one with the full
    rate, each further down with d times the rate of the one above, and the embeddings below all of them. A model with
    unshared layers (BERT) has a set for each layer; ALBERT, whose layers share one set, has embeddings and ``group_0``.

    Args:
      model: ``TaggerModel``.
      settings: ``TrainingSettings``.

    Returns:
      list of ``ParameterGroup``; every variable that is trained is in exactly one.
    """
    groups = model.parameter_groups()
    rate, decay, first_step = settings.learning_rate, settings.layerwise_lr_decay, settings.freeze_encoder_steps
    if decay == 1.0:
        result = [ParameterGroup("encoder", rate, tuple(groups["encoder"]), first_step)]
    else:
        layers = [("embeddings", model.encoder.embeddings), *((block.name, block) for block in model.encoder.blocks)]
        result = [
            ParameterGroup(f"encoder/{name}", rate * decay ** (len(layers) - 1 - i), tuple(layer.trainable_variables), first_step)
            for i, (name, layer) in enumerate(layers)
        ]
    result.append(ParameterGroup("head", settings.head_learning_rate, tuple(groups["head"])))
    if groups["crf"]:
        result.append(ParameterGroup("crf", settings.crf_learning_rate, tuple(groups["crf"])))
    return result
