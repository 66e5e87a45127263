"""Checks that the addresses of the registry answer; nothing is downloaded."""

import dataclasses

from albert.hub import huggingface
from albert.hub.download import TIMEOUT, headers, reason, with_mirror
from albert.hub.errors import FetchError


@dataclasses.dataclass(frozen=True)
class Answer:
    """Answer of an address.

    Attributes:
      address: the address.
      is_there: whether it has the file.
      text: its size, or why not.
    """

    address: str
    is_there: bool
    text: str


def check(release):
    """Ask each address of a release for its headers: list of ``Answer``, in the order in which they are tried."""
    if release.huggingface:
        try:
            commit, size = huggingface.describe(release.huggingface, release.revision)
        except FetchError as e:
            return [Answer(release.page, False, str(e))]
        return [Answer(release.page, True, f"{size:,} bytes, commit {commit}")]
    return [_ask(address) for address in with_mirror(release.addresses)]


def _ask(address):
    import requests  # noqa: PLC0415 - an optional dependency of the light package

    try:
        response = requests.head(address, headers=headers(), timeout=TIMEOUT, allow_redirects=True)
    except requests.RequestException as e:
        return Answer(address, False, reason(e))
    if response.status_code != 200:
        return Answer(address, False, f"HTTP {response.status_code} {response.reason}")
    kind, length = response.headers.get("Content-Type", ""), response.headers.get("Content-Length")
    if kind.startswith("text/html"):
        return Answer(address, False, "an HTML page, perhaps a proxy's or a login")
    return Answer(address, True, f"{int(length):,} bytes" if length and length.isdecimal() else "of unknown size")
