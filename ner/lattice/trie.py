"""All words of a lexicon at all characters of a corpus at once."""

import numpy as np

# Code points need 21 bits; a node's number goes above them.
CODE_POINT_BITS = 21


def code_points(text):
    """The characters of a text as numbers: int64 [len(text)]. Unpaired surrogates keep theirs."""
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), "<u4").astype(np.int64)


class Trie:
    """A prefix tree in one sorted table of edges per level, so that a level of the search is one binary search for all characters.

    An edge is the number of its parent node and a character; its place in its level's table is the number of the node it leads to.

    Args:
      words: different strings; the id of a word is its place here plus 1.

    Attributes:
      max_length: characters of the longest word.
      levels: of each level its edges, int64 in rising order, and of the node each leads to the id of the word that ends there, int32,
        0 for none. An edge is its parent's number times 2 to the ``CODE_POINT_BITS``, plus the code point.
    """

    def __init__(self, words):
        self.max_length = max(map(len, words), default=0)
        ids = np.arange(1, len(words) + 1)
        lengths = np.array([len(word) for word in words], np.int64)
        rows = np.full([len(words), self.max_length], -1, np.int64)
        rows[np.arange(self.max_length) < lengths[:, None]] = code_points("".join(words))
        nodes = np.zeros(len(words), np.int64)
        self.levels = []
        for depth in range(self.max_length):
            longer = lengths > depth
            rows, nodes, ids, lengths = rows[longer], nodes[longer], ids[longer], lengths[longer]
            edges, nodes = np.unique((nodes << CODE_POINT_BITS) | rows[:, depth], return_inverse=True)
            ends = lengths == depth + 1
            id_of_node = np.zeros(len(edges), np.int32)
            id_of_node[nodes[ends]] = ids[ends]
            self.levels.append((edges, id_of_node))

    def match(self, characters, ends, max_length):
        """The words that start at each character.

        Args:
          characters: int64 [C], code points of one text or of several end to end.
          ends: int64 [C], the end of the text that each character belongs to; no word reaches beyond it.
          max_length: longest word looked for, at least 2.

        Returns:
          int32 [C, max_length - 1], in column s the id of the word of s + 2 characters, 0 where there is none.
        """
        found = np.zeros([len(characters), max_length - 1], np.int32)
        places, nodes = np.arange(len(characters)), np.zeros(len(characters), np.int64)
        for depth in range(min(max_length, self.max_length)):
            inside = places + depth < ends[places]
            places, nodes = places[inside], nodes[inside]
            wanted = (nodes << CODE_POINT_BITS) | characters[places + depth]
            edges, ids = self.levels[depth]
            nodes = np.minimum(np.searchsorted(edges, wanted), len(edges) - 1)
            there = edges[nodes] == wanted
            places, nodes = places[there], nodes[there]
            if depth:
                found[places, depth - 1] = ids[nodes]
        return found
