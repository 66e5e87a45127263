"""Text tables."""

from ner.data.text_table import format_table


def test_numbers_go_right_and_words_left():
    assert format_table(("name", "n", "share"), [("a", 1234567, 0.5), ("longer", 7, 12.345)]) == (
        "name            n  share\na       1,234,567   0.50\nlonger          7  12.35"
    )


def test_wide_characters_take_two_columns():
    assert format_table(("类型", "n"), [("人名", 5), ("x", 11)]) == "类型   n\n人名   5\nx     11"


def test_no_rows():
    assert format_table(("a", "bc"), []) == "a  bc"
