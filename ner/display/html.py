"""Entities and tables as HTML, for a page or a notebook's cell. Nothing of a text is ever markup."""

import base64
import html
from collections.abc import Iterable, Sequence

from ner.display.visible import visible

# Hues of neighbouring types are far apart, and no two of the first 50 types are alike (multiples of the golden angle).
_GOLDEN_ANGLE = 137.508

# Half transparent, so that it suits a light and a dark notebook.
_MARK = "background: hsl({hue:.0f} 80% 50% / .3); padding: .1em .3em; border-radius: .3em; color: inherit"


def escape(text: str) -> str:
    """Text as it can stand anywhere in a page, attribute values included; nothing in it is markup, and all of it is visible."""
    return html.escape(visible(text))


def hue(index: int) -> float:
    """The colour of the entity type with this index, in degrees."""
    return (200 + _GOLDEN_ANGLE * index) % 360


def hue_of(label: str) -> float:
    """A colour that depends on the type's name alone, in degrees: the same in every cell of a notebook."""
    return hue(sum(ord(character) * position for position, character in enumerate(label, 1)) % 50)


def marked(text: str, entities: Iterable) -> str:
    """A text with its entities in colour.

    Args:
      text: the text.
      entities: ``ner.Entity`` in the order of the text.
    """
    parts, position = [], 0
    for entity in entities:
        parts += [escape(text[position : entity.start]), mark(entity)]
        position = entity.end
    body = "".join([*parts, escape(text[position:])])
    return f'<div style="white-space: pre-wrap; line-height: 2">{body}</div>'


def mark(entity) -> str:
    """An ``ner.Entity`` alone, with its type, and its score and place as a tooltip."""
    label = escape(entity.label)
    details = f'title="{label} {entity.score:.3f}, characters {entity.start} to {entity.end}"'
    style = _MARK.format(hue=hue_of(entity.label))
    return f'<mark style="{style}" {details}>{escape(entity.text)} <small><b>{label}</b></small></mark>'


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; the first column is on the left, the others on the right."""

    def row(cells, tag):
        sides = ["left", *["right"] * (len(cells) - 1)]
        return "".join(f'<{tag} style="text-align: {side}">{escape(cell)}</{tag}>' for side, cell in zip(sides, cells))

    body = "".join(f"<tr>{row(cells, 'td')}</tr>" for cells in rows)
    return f"<table><thead><tr>{row(header, 'th')}</tr></thead><tbody>{body}</tbody></table>"


def picture(path: str) -> str:
    """A PNG file as an image that is part of the page."""
    with open(path, "rb") as f:
        data = base64.b64encode(f.read()).decode()
    return f'<img style="max-width: 100%" src="data:image/png;base64,{data}">'
