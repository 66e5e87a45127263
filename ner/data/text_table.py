"""Plain-text tables for a terminal."""

import unicodedata


def format_table(header, rows):
    """A table with aligned columns: numbers to the right, everything else to the left.

    Args:
      header: column names.
      rows: sequences as long as the header; numbers are written with thousands separators, floats with two digits.

    Returns:
      A string of several lines without a line end after the last.
    """
    cells = [[_format(cell) for cell in row] for row in (header, *rows)]
    widths = [max(map(_width, column)) for column in zip(*cells)]
    right = [all(isinstance(row[i], (int, float)) for row in rows) and bool(rows) for i in range(len(header))]
    lines = [
        "  ".join(" " * pad + cell if r else cell + " " * pad for cell, r, pad in zip(row, right, _padding(row, widths))).rstrip()
        for row in cells
    ]
    return "\n".join(lines)


def _padding(row, widths):
    return [width - _width(cell) for cell, width in zip(row, widths)]


def _format(cell):
    if isinstance(cell, float):
        return f"{cell:,.2f}"
    return f"{cell:,}" if isinstance(cell, int) else str(cell)


def _width(text):
    """Columns a terminal needs: East Asian wide characters take two, combining marks none."""
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)
