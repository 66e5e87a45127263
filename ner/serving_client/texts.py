"""Texts as a tagger takes them, and on their way to a server."""

from collections.abc import Iterable


def list_of_texts(texts: Iterable[str]) -> list[str]:
    """Several texts as a list. Raises TypeError if one is no string, or there is a single string instead of several."""
    if isinstance(texts, str):
        raise TypeError("tag_batch: found a single string, expected several; tag takes one")
    texts = list(texts)
    for i, text in enumerate(texts):
        if not isinstance(text, str):
            raise TypeError(f"text {i}: found {type(text).__name__}, expected str")
    return texts


def without_surrogates(text: str) -> str:
    """The text with each unpaired surrogate, which has no UTF-8, replaced by U+FFFD: offsets stay what they are."""
    return "".join("\ufffd" if "\ud800" <= character <= "\udfff" else character for character in text)


def encode_text(text: str) -> bytes:
    """UTF-8 of a string, after :func:`without_surrogates`."""
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError:
        return without_surrogates(text).encode("utf-8")
