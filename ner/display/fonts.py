"""Fonts that have the characters of a picture's labels. matplotlib is needed, the extra ``plots``."""

import functools
from collections.abc import Iterable
from typing import Optional

# Looked at first: complete, and on most systems one of them is there.
_PREFERRED = (
    "Noto Sans CJK SC",
    "Noto Sans SC",
    "Source Han Sans SC",
    "Source Han Sans CN",
    "WenQuanYi Micro Hei",
    "WenQuanYi Zen Hei",
    "PingFang SC",
    "Hiragino Sans GB",
    "Heiti SC",
    "Microsoft YaHei",
    "SimHei",
    "Droid Sans Fallback",
)
_DEFAULT = "DejaVu Sans"


def families_for(texts: Iterable[str]) -> Optional[list[str]]:
    """Font families in which all characters of some texts can be drawn, the default one first; None where this system has none."""
    from matplotlib import font_manager  # noqa: PLC0415 - an extra

    needed = {ord(character) for text in texts for character in text if not character.isspace()}
    fonts = {font.name: font.fname for font in reversed(font_manager.fontManager.ttflist)}
    default = _characters(fonts[_DEFAULT]) if _DEFAULT in fonts else frozenset()
    missing = needed - default
    if not missing:
        return [_DEFAULT]
    for name in sorted(fonts, key=lambda name: (name not in _PREFERRED, name)):
        if missing <= _characters(fonts[name]):
            return [_DEFAULT, name]
    return None


@functools.cache
def _characters(path):
    from matplotlib.ft2font import FT2Font  # noqa: PLC0415 - an extra

    try:
        return frozenset(FT2Font(path).get_charmap())
    except (OSError, RuntimeError):
        return frozenset()


def replaced(labels: Iterable[str]) -> dict[str, str]:
    """Names to draw for labels that cannot be drawn: ``type 1`` and so on; others stand for themselves."""
    return {label: label if label.isascii() else f"type {number}" for number, label in enumerate(labels, 1)}
