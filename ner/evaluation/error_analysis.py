"""Errors of a tagger: their kinds, counts and names."""

import collections
import dataclasses
from typing import NamedTuple, Optional

from ner.evaluation.scores import Score
from ner.tags import Span

# Kinds of errors in the order of reports. Every wrong gold or predicted entity is of exactly one kind.
CATEGORIES = {
    "missed": "a name in the text that overlaps nothing predicted",
    "spurious": "a predicted name that overlaps none in the text",
    "wrong_boundary": "the right type, but too long, too short or shifted",
    "wrong_type": "the right characters, but another type",
    "nested": "another type, and one lies inside the other: a place name in an organisation's",
    "wrong_type_and_boundary": "another type, and the two overlap in part",
}

# Whether a name (its characters) is among the entities of the training set.
SEEN, OTHER_TYPE, UNSEEN = "seen", "other_type", "unseen"

# Ranges of tables, as (first, last); None for no last.
_LENGTHS = ((1, 1), (2, 2), (3, 3), (4, 4), (5, 6), (7, 9), (10, None))
_FREQUENCIES = ((0, 0), (1, 1), (2, 4), (5, 19), (20, 99), (100, None))


class Error(NamedTuple):
    """One error.

    Attributes:
      sentence: index of the sentence.
      category: a key of ``CATEGORIES``.
      gold: the gold entity (``Span``), None if the prediction overlaps none.
      predicted: the predicted entity, None if nothing is predicted there.
      score: the predicted entity's score, None without one.
      misses: whether ``gold`` is counted as missing here. An entity that two of the other side overlap is shown with both, but
        counted once: over all errors, misses add up to support - correct, and adds to predicted - correct.
      adds: whether ``predicted`` is counted as wrong here.
    """

    sentence: int
    category: str
    gold: Optional[Span]
    predicted: Optional[Span]
    score: Optional[float]
    misses: bool
    adds: bool


@dataclasses.dataclass(frozen=True)
class Analysis:
    """All errors of a test set.

    Attributes:
      errors: list of :class:`Error`, in the order of the sentences.
      by_seen: dict from ``seen``, ``other_type`` and ``unseen`` to ``Score``; None without a training set.
      by_frequency: dict from how often training had the name as an entity of any type (``"0"``, ``"2-4"``, ``"100+"``) to ``Score``;
        None without a training set.
      by_length: dict from the number of characters (``"3"``, ``"5-6"``, ``"10+"``) to ``Score``.
    """

    errors: list
    by_seen: Optional[dict]
    by_frequency: Optional[dict]
    by_length: dict


def analyse(texts, gold, predicted, training_names=None):
    """Compare predicted entities with gold ones.

    Args:
      texts: list of N strings.
      gold: N lists of ``Span``.
      predicted: N lists of ``(Span, score)``.
      training_names: None, or what :func:`names` gives for the training set.

    Returns:
      :class:`Analysis`. In its tables, precision is over predicted and recall over gold entities of that kind.
    """
    errors = []
    by_seen, by_frequency, by_length = (collections.defaultdict(collections.Counter) for _ in range(3))
    for index, (text, gold_spans, scored) in enumerate(zip(texts, gold, predicted)):
        scores = dict(scored)
        errors += _sentence_errors(index, gold_spans, scores)
        for count, spans in (("support", set(gold_spans)), ("predicted", set(scores)), ("correct", set(gold_spans) & set(scores))):
            for span in spans:
                by_length[length_range(span)][count] += 1
                if training_names is not None:
                    by_seen[familiarity(text, span, training_names)][count] += 1
                    by_frequency[frequency_range(text, span, training_names)][count] += 1
    return Analysis(
        errors,
        None if training_names is None else {key: _score(by_seen[key]) for key in (SEEN, OTHER_TYPE, UNSEEN)},
        None if training_names is None else {key: _score(by_frequency[key]) for key in _names(_FREQUENCIES) if key in by_frequency},
        {key: _score(by_length[key]) for key in _names(_LENGTHS) if key in by_length},
    )


def names(examples, scheme):
    """The entities of labelled ``Example``s: dict from a name's characters to a ``Counter`` of its types."""
    found = collections.defaultdict(collections.Counter)
    for example in examples:
        for start, end, label in example.spans(scheme):
            found[example.text[start:end]][label] += 1
    return dict(found)


def familiarity(text, span, training_names):
    """Class of the name at a span: an entity of its type in training (``seen``), of other types only, or of none."""
    types = training_names.get(text[span.start : span.end])
    return UNSEEN if types is None else SEEN if span.label in types else OTHER_TYPE


def length_range(span):
    """The range that a span's number of characters falls into, as tables name it."""
    return _range(span.end - span.start, _LENGTHS)


def frequency_range(text, span, training_names):
    """The range that the number of times falls into that training had the name at a span as an entity, of any type."""
    return _range(sum(training_names.get(text[span.start : span.end], {}).values()), _FREQUENCIES)


def _range(number, ranges):
    return next(_name(*bounds) for bounds in ranges if bounds[1] is None or number <= bounds[1])


def _names(ranges):
    return [_name(*bounds) for bounds in ranges]


def _name(first, last):
    return f"{first}+" if last is None else str(first) if first == last else f"{first}-{last}"


def categorise(gold, predicted):
    """The kind of error of two spans that overlap and are not equal."""
    if gold[:2] == predicted[:2]:
        return "wrong_type"
    if gold.label == predicted.label:
        return "wrong_boundary"
    inner, outer = sorted((gold, predicted), key=lambda span: span.end - span.start)
    return "nested" if outer.start <= inner.start and inner.end <= outer.end else "wrong_type_and_boundary"


def _sentence_errors(index, gold, scores):
    missing = sorted(set(gold) - set(scores))
    wrong = sorted(set(scores) - set(gold))
    # Those that share most characters are one error; a few entities per sentence, so all pairs are looked at.
    pairs = sorted(((g, p) for g in missing for p in wrong if _overlap(g, p) > 0), key=lambda pair: (-_overlap(*pair), pair))
    errors, done_gold, done_predicted = [], set(), set()
    for g, p in pairs:
        if g not in done_gold and p not in done_predicted:
            errors.append(Error(index, categorise(g, p), g, p, scores[p], True, True))
            done_gold.add(g)
            done_predicted.add(p)
    for g, p in pairs:
        if g not in done_gold or p not in done_predicted:
            errors.append(Error(index, categorise(g, p), g, p, scores[p], g not in done_gold, p not in done_predicted))
            done_gold.add(g)
            done_predicted.add(p)
    errors += [Error(index, "missed", g, None, None, True, False) for g in missing if g not in done_gold]
    errors += [Error(index, "spurious", None, p, scores[p], False, True) for p in wrong if p not in done_predicted]
    starts = {error: [span.start for span in (error.gold, error.predicted) if span] for error in errors}
    return sorted(errors, key=lambda error: (min(starts[error]), starts[error]))


def _overlap(first, second):
    return min(first.end, second.end) - max(first.start, second.start)


def _score(counts):
    return Score(counts["correct"], counts["predicted"], counts["support"])
