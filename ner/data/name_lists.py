"""Training sentences made of names: lists of persons without anything between them, as in reports of who was elected or honoured.

Such lists are rare in training text and long, and a tagger that has seen few tells names in them apart badly.
"""

import numpy as np

from ner.data.examples import Example
from ner.tags import tags_from_spans

# What stands between the names of a list, and how often: nothing, mostly, as nothing else is hard.
_SEPARATORS = ("", " ", "、")
_SHARES = (0.7, 0.15, 0.15)
# Names that are strung together: Chinese ones of the usual length.
_SHORTEST, _LONGEST = 2, 3
_FEWEST_NAMES = 4


def name_lists(examples, count, window, label="PER", scheme="BIO", seed=42):
    """Lists of names of the training set.

    Args:
      examples: list of ``Example`` with tags.
      count: lists wanted.
      window: most characters of a list.
      label: the type that persons have.
      scheme: the tags' scheme.
      seed: of the choice.

    Returns:
      list of ``count`` examples; none if there are no such names.
    """
    spans = ((example.text, span) for example in examples for span in example.spans(scheme) if span.label == label)
    names = sorted({text[span.start : span.end] for text, span in spans if _SHORTEST <= span.end - span.start <= _LONGEST})
    random = np.random.default_rng([seed, len(names)])
    return [_one_list(names, random, window, label, scheme) for _ in range(count)] if names else []


def _one_list(names, random, window, label, scheme):
    separator = _SEPARATORS[random.choice(len(_SEPARATORS), p=_SHARES)]
    most = max(window // (_LONGEST + len(separator)), 1)
    chosen = random.choice(names, random.integers(min(_FEWEST_NAMES, most), most + 1))
    text, spans = "", []
    for name in chosen.tolist():
        start = len(text) + (len(separator) if text else 0)
        text += (separator if text else "") + name
        spans.append((start, start + len(name), label))
    return Example(text, tuple(tags_from_spans(spans, len(text), scheme)))
