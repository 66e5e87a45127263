"""Labels of pictures: drawn with a font that has them, or replaced."""

import pytest

from ner.display import fonts

pytest.importorskip("matplotlib.font_manager")


def test_the_default_font_has_latin_letters():
    assert fonts.families_for(["PER", "LOC"]) == ["DejaVu Sans"]


def test_a_font_is_taken_if_it_has_every_character(monkeypatch):
    monkeypatch.setattr(fonts, "_characters", lambda path: {ord(c) for c in ("人地名" if "DejaVuSerif" in path else "abc")})
    assert fonts.families_for(["人名", "a"]) == ["DejaVu Sans", "DejaVu Serif"]
    assert fonts.families_for(["人民"]) is None


def test_names_for_what_cannot_be_drawn():
    assert fonts.replaced(["PER", "人名", "地名"]) == {"PER": "PER", "人名": "type 2", "地名": "type 3"}
