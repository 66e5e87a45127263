"""Messages of the commands in the user's language: English, or Chinese where the environment asks for it.

``ALBERT_NER_LANG`` (``en`` or ``zh``) decides, else ``LC_ALL``, ``LC_MESSAGES`` or ``LANG``, the first of them that is set. All code speaks
English; ``messages_zh.json`` has the Chinese of each kind of sentence, with braces for the values. What it does not have stays English.
"""

import functools
import json
import os
import re
import sys
from importlib import resources
from typing import Optional

_VARIABLES = ("ALBERT_NER_LANG", "LC_ALL", "LC_MESSAGES", "LANG")


def language() -> str:
    """``zh`` or ``en``."""
    value = next((os.environ[name] for name in _VARIABLES if os.environ.get(name)), "")
    return "zh" if value.lower().startswith("zh") else "en"


def translate(text: str, to: Optional[str] = None) -> str:
    """A text of one or more lines in the user's language, or in ``to``; values in it are translated as well."""
    if (to or language()) != "zh":
        return text
    return "\n".join(_line(line) for line in text.split("\n"))


def say(text: str) -> None:
    """Print a text to standard output in the user's language."""
    print(translate(text))


def complain(text: str) -> None:
    """Print a text to standard error in the user's language."""
    print(translate(text), file=sys.stderr)


def _line(line):
    stripped = line.strip(" ")
    return line.replace(stripped, _sentence(stripped)) if stripped else line


def _sentence(text):
    whole = catalogue().get(text)
    if whole is not None:
        return whole
    for pattern, chinese in _patterns():
        match = pattern.fullmatch(text)
        if match:
            return chinese.format(*(_sentence(value) for value in match.groups()))
    return text


@functools.cache
def catalogue() -> dict[str, str]:
    """From each English sentence, with ``{}`` in the place of values, to the Chinese one, with ``{0}`` and so on."""
    return json.loads(resources.files("albert").joinpath("messages_zh.json").read_text(encoding="utf-8"))


@functools.cache
def _patterns():
    return [
        (re.compile("(.+?)".join(map(re.escape, english.split("{}"))), re.DOTALL), chinese)
        for english, chinese in catalogue().items()
        if "{}" in english
    ]
