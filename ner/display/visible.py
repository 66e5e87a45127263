"""Text in which nothing is hidden and nothing is a command to what shows it."""

# Controls by their pictures (U+2400 …), what cannot be shown at all by U+FFFD: one character for one.
_VISIBLE = {
    **{control: chr(0x2400 + control) for control in range(0x20) if chr(control) not in "\t\n"},
    0x7F: "\u2421",
    **dict.fromkeys((*range(0x80, 0xA0), *range(0xD800, 0xE000)), "\ufffd"),
}


def visible(text: str) -> str:
    """A text with pictures in the place of control characters other than tabs and line feeds."""
    return text.translate(_VISIBLE)
