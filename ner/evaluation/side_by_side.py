"""A page of texts in two readings, one above the other, with the entities in which they differ outlined."""

import string
from collections.abc import Iterable, Sequence
from importlib import resources
from typing import NamedTuple

from albert.files import atomic_write
from ner.display.html import escape, hue

# A page of more texts is slow to open; what is left out is said.
MOST_TEXTS = 5_000


class TwoReadings(NamedTuple):
    """A text and its entities in two readings.

    Attributes:
      heading: what is said of it.
      text: the text.
      first, second: lists of (``Span``, its probability or None).
    """

    heading: str
    text: str
    first: list
    second: list


def write_page(path: str, title: str, names: Sequence[str], summary: str, texts: Iterable[TwoReadings]) -> None:
    """Write the page, whole or not at all. It needs no network and runs no scripts.

    Args:
      path: the file.
      title: its heading.
      names: of the two readings.
      summary: lines of plain text.
      texts: the texts; the first ``MOST_TEXTS`` are shown.
    """
    texts = list(texts)
    left_out = len(texts) - MOST_TEXTS
    if left_out > 0:
        summary += f"\n\nThe first {MOST_TEXTS:,} texts are shown, {left_out:,} are left out."
    texts = texts[:MOST_TEXTS]
    labels = sorted({span.label for text in texts for span, _ in (*text.first, *text.second)})
    hues = {label: f"--hue: {hue(number):.0f}" for number, label in enumerate(labels)}
    legend = " ".join(f'<mark style="{hues[label]}">{escape(label)}</mark>' for label in labels)
    page = string.Template(resources.files("ner.evaluation").joinpath("side_by_side.html").read_text(encoding="utf-8"))
    body = "".join(_article(text, names, hues) for text in texts)
    with atomic_write(path) as f:
        f.write(page.substitute(title=escape(title), summary=escape(summary), legend=legend, texts=body))


def _article(text, names, hues):
    both = {span for span, _ in text.first} & {span for span, _ in text.second}
    rows = "".join(
        f"<dt>{escape(name)}</dt><dd>{_marked(text.text, entities, both, hues)}</dd>"
        for name, entities in zip(names, (text.first, text.second))
    )
    return f"<article><h2>{escape(text.heading)}</h2><dl>{rows}</dl></article>\n"


def _marked(text, entities, both, hues):
    parts, place = [], 0
    for span, score in sorted(entities, key=lambda entity: entity[0]):
        likely = "" if score is None else f" {score:.3f}"
        differs = "" if span in both else ' class="differs"'
        details = f'title="{escape(span.label)}{likely}, characters {span.start} to {span.end}"'
        parts.append(escape(text[place : span.start]))
        label = f"<b>{escape(span.label)}{likely}</b>"
        parts.append(f'<mark{differs} style="{hues[span.label]}" {details}>{escape(text[span.start : span.end])}{label}</mark>')
        place = span.end
    return "".join(parts) + escape(text[place:])
