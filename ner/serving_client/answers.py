"""Entities from a server's answer, which is believed in nothing: everything is checked against the text."""

from ner.entity import Entity

OUTPUTS = ("num_entities", "entity_start", "entity_end", "entity_label", "entity_score")


def read_entities(text, row):
    """The entities of one text.

    Args:
      text: the text that was sent.
      row: parsed answer of any form, that of an exported tagger if the server is right: a dict of ``OUTPUTS``, lists padded.

    Returns:
      List of ``Entity`` in the order of their offsets, not overlapping.

    Raises:
      ValueError: the row is of another form, or holds an entity that the text cannot have; says which and why.
    """
    if not isinstance(row, dict):
        raise ValueError(f"an answer {show(row)}")
    missing = [name for name in OUTPUTS if name not in row]
    if missing:
        raise ValueError(f"no output {missing[0]} among {show(list(row))}")
    count = row["num_entities"]
    if not _is_whole(count) or not 0 <= count <= len(text):
        raise ValueError(f"num_entities {show(count)} in a text of {len(text)} characters")
    columns = [row[name] for name in OUTPUTS[1:]]
    for name, column in zip(OUTPUTS[1:], columns):
        if not isinstance(column, list) or len(column) < count:
            raise ValueError(f"{name} {show(column)} for {count} entities")
    entities, before = [], 0
    for start, end, label, score in zip(*(column[:count] for column in columns)):
        if not (_is_whole(start) and _is_whole(end) and before <= start < end <= len(text)):
            raise ValueError(f"an entity at [{show(start)}, {show(end)}) after {before} in a text of {len(text)} characters")
        if not isinstance(label, str) or not label:
            raise ValueError(f"a label {show(label)}")
        # JSON may have 1 for 1.0, and has no NaN.
        if not (_is_whole(score) or isinstance(score, float)) or not 0.0 <= score <= 1.0:
            raise ValueError(f"a score {show(score)}")
        entities.append(Entity(start, end, label, text[start:end], float(score)))
        before = end
    return entities


def one_line(text):
    """A server's message, as one line of at most 300 characters without control characters."""
    return " ".join("".join(c if c.isprintable() else " " for c in str(text)[:1000]).split())[:300]


def show(value):
    """A value that may be anything, for a message."""
    try:
        return one_line(repr(value))[:100]
    except (RecursionError, ValueError):  # nested too deeply; a number of too many digits
        return f"a {type(value).__name__}"


def _is_whole(value):
    return isinstance(value, int) and not isinstance(value, bool)
