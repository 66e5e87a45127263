"""Colours of a terminal."""

import os
from typing import TextIO

# Foreground and background of the 256 colours; dark on light, so that they suit a dark and a light terminal.
_COLOURS = ((16, 117), (16, 215), (16, 156), (16, 183), (16, 229), (16, 210))
NUM_COLOURS = len(_COLOURS)


def paint(text: str, index: int) -> str:
    """A text in the colours of the entity type with this index."""
    foreground, background = _COLOURS[index % NUM_COLOURS]
    return f"\x1b[38;5;{foreground}m\x1b[48;5;{background}m{text}\x1b[0m"


def takes_colours(stream: TextIO) -> bool:
    """True if a stream is a terminal with colours that the user has not forbidden (``NO_COLOR``)."""
    return is_terminal(stream) and os.environ.get("TERM") != "dumb" and not os.environ.get("NO_COLOR")


def is_terminal(stream: TextIO) -> bool:
    """True if a stream is a terminal; a closed one is None, and none."""
    try:
        return stream is not None and stream.isatty()
    except ValueError:
        return False
