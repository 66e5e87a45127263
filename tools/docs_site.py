"""Hooks of mkdocs: pages outside ``docs/`` are part of the site, and links between pages are those of the repository.

A link to a file that is no page, such as a module or the licence, is left as its text.
"""

import pathlib
import posixpath
import re

from mkdocs.structure.files import File

ROOT = pathlib.Path(__file__).resolve().parents[1]
# Pages of the site and the files of the repository that they are.
PAGES = {
    "index.md": "README.md",
    **{
        path: path
        for path in (
            "README.zh-CN.md",
            "CHANGELOG.md",
            "CONTRIBUTING.md",
            "SECURITY.md",
            "serving/README.md",
            "albert/pretrained/albert_mini_zh/README.md",
            "ner/pretrained/msra_albert_mini/README.md",
        )
    },
}
_LINK = re.compile(r"(!?)\[([^\]]*)\]\((?!https?:|#|mailto:)([^)#\s]+)(#[^)]*)?\)")


def on_files(files, config):
    """The pages that lie outside the folder."""
    for page, path in PAGES.items():
        if (ROOT / path).exists():
            files.append(File.generated(config, page, abs_src_path=str(ROOT / path)))
    return files


def on_page_markdown(markdown, page, files, **_):
    """Links of the repository as links of the site."""
    here = PAGES.get(page.file.src_uri, posixpath.join("docs", page.file.src_uri))
    of = {path: name for name, path in PAGES.items()}

    def link(match):
        image, text, target, anchor = match.groups()
        path = posixpath.normpath(posixpath.join(posixpath.dirname(here), target))
        name = of.get(path, path.removeprefix("docs/"))
        if files.get_file_from_path(name) is None:
            return text
        return f"{image}[{text}]({posixpath.relpath(name, posixpath.dirname(page.file.src_uri))}{anchor or ''})"

    # What stands in code is no link; but a link's text may be code.
    parts = re.split(r"(^```.*?^```$)", markdown, flags=re.MULTILINE | re.DOTALL)
    return "".join(part if part.startswith("```") else _LINK.sub(link, part) for part in parts)


def on_page_content(html, **_):
    """Docstrings' roles (``:class:``) as the code they mark."""
    return re.sub(r":(?:class|func|meth|mod|attr|data):(?=<code>)", "", html)
