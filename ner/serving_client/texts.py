"""Text on its way to a server."""


def without_surrogates(text):
    """The text with each unpaired surrogate, which has no UTF-8, replaced by U+FFFD: offsets stay what they are."""
    return "".join("\ufffd" if "\ud800" <= character <= "\udfff" else character for character in text)


def encode_text(text):
    """UTF-8 of a string, after :func:`without_surrogates`."""
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError:
        return without_surrogates(text).encode("utf-8")
