"""Addresses of a model on a REST server, in the forms that people have them in."""

import base64
import re
import urllib.parse
from typing import NamedTuple, Optional

_LAST_PORT = 65535
# Where the interface begins in a URL that someone has copied: /v1, /v1/models, or that of a model, with or without what is asked of it.
_API = re.compile(r"/v1(?:/models(?:/(?P<model>[^/:]+)(?P<version>/(?:versions|labels)/[^/:]+)?(?::predict)?)?)?$")
_EXPECTED = "expected http://host:port"


class Address(NamedTuple):
    """Address of a model.

    Attributes:
      secure: whether it is reached through TLS.
      host: ``host:port``.
      path: of the model's predict interface, quoted.
      url: all of it, for messages, without a password.
      authorization: value of the header for a user and password in the URL, else None.
    """

    secure: bool
    host: str
    path: str
    url: str
    authorization: Optional[str]


def parse_address(url, model=None, version=None):
    """The :class:`Address` of a model.

    Args:
      url: ``http://host:port`` or ``https://…``, with a user and password and with a path before or of the interface if need be.
      model: its name; None for the one in the URL, or ``ner``.
      version: number of a version, or None for the one in the URL, or the server's choice.

    Raises:
      ValueError: the URL is not of this form, or names another model than is asked for.
    """
    parts = _split(url)
    path = parts.path.rstrip("/")
    api = _API.search(path)
    prefix, own_model, own_version = (path[: api.start()], api["model"], api["version"] or "") if api else (path, None, "")
    if own_model is None and ":" in path:
        raise ValueError(f"found the path {path!r} in the URL, expected none, or …/v1/models/NAME:predict")
    own_model = own_model and urllib.parse.unquote(own_model)
    if model is not None and own_model is not None and model != own_model:
        raise ValueError(f"found the model {own_model!r} in the URL, expected {model!r}, as is asked for")
    name = urllib.parse.quote(model or own_model or "ner", safe="")
    versions = own_version if version is None else f"/versions/{version}"
    path = f"{urllib.parse.quote(prefix, safe='/%')}/v1/models/{name}{versions}:predict"
    host = parts.netloc.rpartition("@")[2]
    authorization = None
    if parts.username is not None:
        given = f"{urllib.parse.unquote(parts.username)}:{urllib.parse.unquote(parts.password or '')}"
        authorization = f"Basic {base64.b64encode(given.encode()).decode()}"
    return Address(parts.scheme == "https", host, path, f"{parts.scheme}://{host}{path}", authorization)


def _split(url):
    shown = re.sub(r"//.*@", "//…@", url)
    try:
        parts = urllib.parse.urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:  # half an IPv6 address
        usable = False
    if not usable or parts.query or parts.fragment or re.search(r"\s", parts.netloc):
        raise ValueError(f"found the URL {shown!r}, {_EXPECTED}")
    try:
        port = parts.port
    except ValueError:  # no number, or too large
        port = 0
    if port == 0:
        raise ValueError(f"found the port {parts.netloc.rpartition(':')[2]!r} in the URL, expected 1 to {_LAST_PORT}")
    try:
        parts.hostname.encode("idna")
    except UnicodeError as e:
        raise ValueError(f"found the host {parts.hostname[:80]!r} in the URL, which no host can be called; {_EXPECTED}") from e
    return parts
