"""Tables of vectors, and one of characters with the interface of a pretrained encoder.

Shapes: B batch, T tokens, V entries, H width of a vector.
"""

import tensorflow as tf

from albert.keras import keras


class VectorTable(keras.layers.Layer):
    """One trained vector per entry, float32 whatever the precision policy.

    Args:
      entries: V.
      size: H.

    Weights:
      word [V, H], named as the word embeddings of a pretrained encoder.
    """

    def __init__(self, entries, size, name="embeddings", **kwargs):
        super().__init__(name=name, dtype="float32", autocast=False, **kwargs)
        # Uniform with variance 1 / H: vectors of length about 1.
        limit = (3.0 / size) ** 0.5
        self.word = self.add_weight("word", [entries, size], initializer=keras.initializers.RandomUniform(-limit, limit))
        self.built = True


class CharEncoder(keras.Model):
    """Character vectors without context: what a BiLSTM-CRF without pretraining starts from.

    Args:
      config: a ``CharEncoderConfig``.

    Call arguments:
      inputs: dict with ``input_word_ids`` int32 [B, T], as ``AlbertEncoder`` takes it; a mask is ignored.

    Returns:
      dict with ``sequence_output`` float32 [B, T, H].
    """

    # Where a pretrained encoder has its transformer blocks.
    blocks = ()

    def __init__(self, config, name="char_encoder", **kwargs):
        super().__init__(name=name, **kwargs)
        self.config = config
        self.embeddings = VectorTable(config.vocab_size, config.hidden_size)
        self.built = True

    def call(self, inputs, training=None, seed=None):
        return {"sequence_output": tf.gather(self.embeddings.word, inputs["input_word_ids"])}

    def weights_for_inference(self):
        """As ``AlbertEncoder.weights_for_inference``: none, as there are no blocks."""
        return []

    def weight_map(self):
        """Every weight under its canonical name: ``embeddings/word`` [V, H]."""
        return {"embeddings/word": self.embeddings.word}
