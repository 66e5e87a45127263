"""Text and colours of pages."""

import html

# What HTML may not contain or what would not be seen: controls by their pictures (U+2400 …), the rest by U+FFFD.
_VISIBLE = {
    **{control: chr(0x2400 + control) for control in range(0x20) if chr(control) not in "\t\n"},
    0x7F: "\u2421",
    **dict.fromkeys((*range(0x80, 0xA0), *range(0xD800, 0xE000)), "\ufffd"),
}

# Hues of neighbouring types are far apart, and no two of the first 50 types are alike (multiples of the golden angle).
_GOLDEN_ANGLE = 137.508


def escape(text: str) -> str:
    """Text as it can stand anywhere in a page, attribute values included; nothing in it is markup, and all of it is visible."""
    return html.escape(text.translate(_VISIBLE))


def hue(index: int) -> float:
    """The colour of the entity type with this index, in degrees."""
    return (200 + _GOLDEN_ANGLE * index) % 360
