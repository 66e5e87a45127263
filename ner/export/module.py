"""The exported model: signatures from text to entities and to tags, as TensorFlow Serving offers them.

Shapes: B texts, E most entities in a text of the batch and at least 1, T most characters in a text and at least 1, N characters of all
texts together, G windows in a group, S slots for words of 2, 3, …, S + 1 characters.
"""

import tensorflow as tf

from ner.decoding.constraints import DEFAULT_OPTIONS
from ner.decoding.decoder import Decoder
from ner.export.tokenizer import GraphTokenizer, code_points, edge_classes, spell
from ner.lattice.graph import GraphLexicon
from ner.long_text.graph_joining import GraphWindowJoiner
from ner.long_text.graph_windows import flat_ranges, run_in_groups, split_windows
from ner.model.crf.layer import LinearChain

_WINDOW_OUTPUTS = {"tags": tf.int32, "opens": tf.bool, "closes": tf.bool, "scores": tf.float32}


class ServingModule(tf.Module):
    """A tagger as TensorFlow functions of strings.

    Args:
      network: from a dict of inputs, as ``TaggerModel`` takes them, to emissions [B, T, K]; see
        :class:`ner.export.network.FrozenNetwork`.
      chain: the ``LinearChain`` to decode with.
      config: the ``TaggerConfig``.
      tokenizer: the tokenizer; for a lattice the ``LatticeTokenizer``, whose words the graph finds as well.
      decoding: ``DecodingOptions``.
    """

    def __init__(self, network, chain, config, tokenizer, decoding=DEFAULT_OPTIONS):
        super().__init__(name="tagger")
        self._network = network
        self._chain = [value.numpy() for value in (chain.transitions, chain.start, chain.end)]
        self._tag_set = config.tag_set
        self._decoding = decoding.for_tagger(config.edge_punctuation)
        self._window, self._overlap = config.window, config.overlap
        self._tokenizer = GraphTokenizer(tokenizer)
        self._match = None
        if config.lattice is not None:
            # One function for all signatures: the words of a large lexicon are in the file once.
            places = tf.TensorSpec([None], tf.int32)
            self._match = tf.function(GraphLexicon(tokenizer.lexicon).match, input_signature=[places, places], autograph=False)
        self._joiner = GraphWindowJoiner(config.tag_set)

    def signatures(self):
        """The functions to export, by name: ``serving_default`` and ``tags``."""
        text = tf.TensorSpec([None], tf.string, "text")
        return {
            "serving_default": tf.function(self.entities, input_signature=[text], autograph=False).get_concrete_function(),
            "tags": tf.function(self.tags, input_signature=[text], autograph=False).get_concrete_function(),
        }

    def entities(self, text):
        """Entities of texts.

        Args:
          text: string [B], UTF-8 of any length.

        Returns:
          dict of dense tensors, rows in the order of the texts: ``num_entities`` int32 [B]; ``entity_start`` and
          ``entity_end`` int32 [B, E], in code points, the end exclusive, -1 in the padding; ``entity_label`` and
          ``entity_text`` string [B, E] and ``entity_score`` float32 [B, E], empty and 0 in the padding.
        """
        points, lengths, characters = self._tag(text)
        opens, closes = tf.where(characters.opens)[:, 0], tf.where(characters.closes)[:, 0]
        rows = tf.gather(characters.rows, opens)
        counts = tf.math.bincount(rows, minlength=tf.size(lengths), maxlength=tf.size(lengths))
        starts, ends = tf.gather(characters.positions, opens), tf.gather(characters.positions, closes) + 1
        firsts = tf.cast(opens, tf.int32)
        spelling = spell(tf.gather(points, flat_ranges(firsts, ends - starts)), ends - starts)
        width = tf.maximum(tf.reduce_max(counts), 1)
        columns = tf.range(tf.size(rows)) - tf.gather(tf.cumsum(counts, exclusive=True), rows)
        places = tf.stack([rows, columns], axis=1)

        def dense(values, padding):
            filled = tf.fill([tf.size(lengths), width], tf.constant(padding, values.dtype))
            return tf.tensor_scatter_nd_update(filled, places, values)

        return {
            "num_entities": counts,
            "entity_start": dense(starts, -1),
            "entity_end": dense(ends, -1),
            "entity_label": dense(tf.gather(tf.constant(self._tag_set.types), tf.gather(characters.labels, opens)), ""),
            "entity_text": dense(spelling, ""),
            "entity_score": dense(tf.gather(characters.scores, closes), 0.0),
        }

    def tags(self, text):
        """Tags of the characters of texts.

        Args:
          text: string [B], UTF-8 of any length.

        Returns:
          dict with ``tag`` string [B, T], empty in the padding, and ``length`` int32 [B], the texts' characters.
        """
        _, lengths, characters = self._tag(text)
        filled = tf.fill([tf.size(lengths), tf.maximum(tf.reduce_max(lengths), 1)], "")
        places = tf.stack([characters.rows, characters.positions], axis=1)
        tags = tf.gather(tf.constant(self._tag_set.tags), characters.tags)
        return {"tag": tf.tensor_scatter_nd_update(filled, places, tags), "length": lengths}

    def _tag(self, text):
        """(code points int32 [N], lengths int32 [B], :class:`ner.long_text.graph_joining.Characters`) of texts."""
        points, lengths = code_points(text)
        windows = split_windows(lengths, self._window, self._overlap)
        firsts = tf.gather(tf.cumsum(lengths, exclusive=True), windows.rows) + windows.starts
        read = self._tokenizer.map_characters(points, lengths)
        ids = self._tokenizer.ids(read)
        words = self._match(read, tf.repeat(tf.cumsum(lengths), lengths)) if self._match is not None else None

        edges = edge_classes(points, self._decoding.punctuation) if self._decoding.edges else None

        def tag_windows(places, own_lengths):
            own = None
            if edges is not None:
                own = tf.gather(edges, places) * tf.sequence_mask(own_lengths, tf.shape(places)[1], tf.int32)
            return self._tag_windows(self._inputs(ids, words, places, own_lengths), own)

        tagged = run_in_groups(tag_windows, _WINDOW_OUTPUTS, firsts, windows.lengths, self._window)
        characters = self._joiner.join(windows, lengths, tagged)
        return points, lengths, characters if edges is None else self._joiner.trim(characters, edges)

    def _inputs(self, ids, words, places, lengths):
        """The network's inputs for windows.

        Args:
          ids: int32 [N], ids of all characters.
          words: int32 [N, S], ids of the words that start at them, or None without a lattice.
          places: int32 [G, T], which of the characters stand in the windows.
          lengths: int32 [G].

        Returns:
          dict as :class:`ner.model.network.TaggerModel` takes it.
        """
        special = self._tokenizer
        steps = tf.range(tf.shape(places)[1] + 2)
        ends = lengths[:, None] + 1
        tokens = tf.pad(tf.gather(ids, places), [[0, 0], [1, 1]])
        tokens = tf.where(steps < ends, tokens, tf.where(steps == ends, special.sep_id, special.pad_id))
        inputs = {"input_word_ids": tf.where(steps == 0, special.cls_id, tokens), "lengths": lengths}
        if words is not None:
            word_ends = tf.range(tf.shape(places)[1])[:, None] + tf.range(2, words.shape[1] + 2)
            # A word that the window cuts is not there, as in the texts the lattice was trained on.
            inputs["lattice_words"] = tf.where(word_ends <= lengths[:, None, None], tf.gather(words, places), 0)
        return inputs

    def _tag_windows(self, inputs, edges):
        emissions, lengths = self._network(inputs), inputs["lengths"]

        def decode(*edges):
            # Made here, not before: in the loop's own graph these are constants, from outside they would be inputs of each turn.
            decoder = Decoder(LinearChain(*(tf.constant(value) for value in self._chain)), self._tag_set, self._decoding)
            return decoder.entities_in_graph(emissions, lengths, *edges)

        if edges is None:
            return decode()
        # Texts without white space, as most are, take the quicker way.
        return tf.cond(tf.reduce_any(edges > 0), lambda: decode(edges), decode)
