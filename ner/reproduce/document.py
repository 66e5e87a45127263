"""A report as headings, paragraphs, tables and pictures, written as Markdown and as HTML."""

import dataclasses
import html

_STYLE = (
    "body{font:16px/1.5 sans-serif;max-width:80em;margin:2em auto;padding:0 1em}p{max-width:50em}"
    ".table{overflow-x:auto}table{border-collapse:collapse;margin:1em 0}"
    "th,td{border:1px solid #bbb;padding:.25em .6em;font-size:14px;text-align:right}td{white-space:nowrap}th{background:#eee}"
    "th:first-child,td:first-child,td.long{text-align:left}td.long{white-space:normal;overflow-wrap:anywhere;min-width:20em}"
    "img{max-width:100%}"
)
# Characters of a cell from which on it is broken into lines.
_LONG = 40


@dataclasses.dataclass(frozen=True)
class Heading:
    text: str
    level: int = 2


@dataclasses.dataclass(frozen=True)
class Paragraph:
    text: str


@dataclasses.dataclass(frozen=True)
class Table:
    """Rows of strings, as many as there are columns."""

    columns: tuple
    rows: list


@dataclasses.dataclass(frozen=True)
class Picture:
    path: str
    caption: str


def to_markdown(blocks):
    """The blocks as Markdown: str."""
    return "\n\n".join(_markdown(block) for block in blocks) + "\n"


def to_html(blocks, title):
    """The blocks as a page of HTML that needs nothing but its pictures: str."""
    body = "\n".join(_html(block) for block in blocks)
    head = f'<meta charset="utf-8"><title>{html.escape(title)}</title><style>{_STYLE}</style>'
    return f'<!DOCTYPE html>\n<html lang="en"><head>{head}</head>\n<body>\n{body}\n</body></html>\n'


def _markdown(block):
    if isinstance(block, Heading):
        return f"{'#' * block.level} {block.text}"
    if isinstance(block, Table):
        lines = [block.columns, ["---"] + ["---:"] * (len(block.columns) - 1), *block.rows]
        return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)
    if isinstance(block, Picture):
        return f"![{block.caption}]({block.path})"
    return block.text


def _html(block):
    if isinstance(block, Heading):
        return f"<h{block.level}>{html.escape(block.text)}</h{block.level}>"
    if isinstance(block, Table):
        head = "".join(f"<th>{html.escape(cell)}</th>" for cell in block.columns)
        rows = "\n".join("<tr>" + "".join(map(_html_cell, row)) + "</tr>" for row in block.rows)
        return f'<div class="table"><table>\n<tr>{head}</tr>\n{rows}\n</table></div>'
    if isinstance(block, Picture):
        return f'<p><img src="{html.escape(block.path)}" alt="{html.escape(block.caption)}"></p>'
    return f"<p>{html.escape(block.text)}</p>"


def _html_cell(text):
    start = '<td class="long">' if len(text) > _LONG else "<td>"
    return f"{start}{html.escape(text)}</td>"
