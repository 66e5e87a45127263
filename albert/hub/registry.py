"""The table of published releases, ``releases.json``, and what a name means in it.

A row of the table:

- ``name`` and ``aliases``: what a person may write. A HuggingFace id is the name of its own row.
- ``publisher``, ``page``, ``licence``: as the publisher's page states them.
- ``layout``, ``architecture``: what the weights must turn out to be; the architecture's fields are those of ``AlbertConfig`` that
  stored shapes, or the config beside them, show. The number of heads and the activation come from the release's own config alone.
- ``archives``: the publisher's addresses of the archive, tried in order; ``copies``: other people's, tried after them.
- ``huggingface``, ``revision``: the repository's id and commit instead of an archive; without a commit the one found at first use stays.
- ``sha256``: of the archive, where it is known.
- ``flagfile``: the one in ``flags/`` that trains with it.

The environment variable ``ALBERT_NER_REGISTRY`` names a file of the same form whose rows go before those that come with the package.
"""

import dataclasses
import difflib
import functools
import os
import re
from typing import Optional
from urllib.parse import urlsplit

from albert.errors import UserError
from albert.files import read_json
from albert.hub.errors import FetchError

VARIABLE = "ALBERT_NER_REGISTRY"
HUB = "https://huggingface.co"

_OWN = os.path.join(os.path.dirname(__file__), "releases.json")
_ID = r"[A-Za-z0-9][\w.-]*(?:/[A-Za-z0-9][\w.-]*)?"
_HUGGINGFACE = re.compile(rf"hf:(?://)?({_ID})(?:@([A-Za-z0-9][\w./-]*))?")
_NAME = re.compile(rf"{_ID}")
_ARCHITECTURE = ("num_hidden_layers", "hidden_size", "embedding_size", "intermediate_size", "vocab_size")
_REQUIRED = ("name", "publisher", "licence", "layout", "architecture")
_SLACK = 64 << 20  # vocabulary, config, index, whatever else a publisher packs


@dataclasses.dataclass(frozen=True, eq=False)  # a row is itself: names compare
class Release:
    """One row; see the module.

    Attributes:
      architecture: dict of fields of ``AlbertConfig``, or None where nobody has stated them.
      archives, copies: tuples of addresses; ``copied_by`` tells whose each of the copies is.
      revision: branch, tag or commit of the HuggingFace repository.
      task: ``encoder`` or ``token-classification``.
    """

    name: str
    publisher: str
    licence: str
    layout: Optional[str] = None
    architecture: Optional[dict] = None
    aliases: tuple = ()
    page: str = ""
    archives: tuple = ()
    copies: tuple = ()
    copied_by: tuple = ()
    sha256: Optional[str] = None
    huggingface: Optional[str] = None
    revision: str = "main"
    task: str = "encoder"
    flagfile: Optional[str] = None
    remark: str = ""

    @property
    def key(self):
        """Name of its directory in the cache."""
        if not self.huggingface:
            return self.name
        return f"{self.huggingface}@{self.revision}".replace("/", "--")

    @property
    def addresses(self):
        """Addresses of the archive in the order to try them in: a tuple, empty for a HuggingFace repository."""
        return (*self.archives, *self.copies)

    @property
    def size(self):
        """Bytes of the encoder's float32 weights; None where the architecture is not known."""
        if self.architecture is None:
            return None
        layers, hidden, width, inner, vocabulary = (self.architecture[field] for field in _ARCHITECTURE)
        block = 4 * hidden * hidden + 2 * hidden * inner + 9 * hidden + inner
        blocks = layers if self.layout in ("bert", "huggingface_bert") else 1
        projection = 0 if width == hidden else (width + 1) * hidden
        # 512 positions, two types and the layer norm are of width E or H by layout: H is the larger.
        return 4 * (vocabulary * width + 516 * hidden + projection + blocks * block + hidden * (hidden + 1))

    @property
    def largest_unpacked(self):
        """Bytes that unpacking the archive may write at most: the weights three times, as optimizer slots make it, and a head."""
        return 4 * self.size + _SLACK


def lookup(name):
    """The ``Release`` that a name, an alias, a HuggingFace id or ``hf:owner/name[@revision]`` means.

    An id after ``hf:`` need not be in the table.

    Raises:
      FetchError: it means nothing; the message has the nearest names.
    """
    match = _HUGGINGFACE.fullmatch(name)
    if match:
        return _of_id(*match.groups())
    found = _index().get(name)
    if found is None:
        expected = "a directory, a checkpoint prefix, a weights file or the name of a release"
        raise FetchError(f"{name}: expected {expected}, found nothing of that name{_suggestion(name)}")
    return found


def is_name(text):
    """True if a text is a name, alias or id in the table, or ``hf:`` and an id."""
    return bool(_HUGGINGFACE.fullmatch(text)) or text in _index()


def releases():
    """All rows: list of ``Release``."""
    return list(dict.fromkeys(_index().values()))


def _of_id(repository, revision):
    known = _index().get(repository)
    if known is not None and known.huggingface:
        # Another commit may be another network: nothing is stated of it.
        return (
            known if revision in (None, known.revision) else dataclasses.replace(known, revision=revision, architecture=None, layout=None)
        )
    return Release(
        name=f"hf:{repository}",
        publisher=repository.split("/")[0],
        licence="see its page",
        page=f"{HUB}/{repository}",
        huggingface=repository,
        revision=revision or "main",
    )


def _suggestion(name):
    if not name.startswith("hf:") and not _NAME.fullmatch(name):
        return ""  # meant as a path
    near = difflib.get_close_matches(name, _index(), n=3, cutoff=0.5) or difflib.get_close_matches(os.path.basename(name), _index())
    hint = f"; the nearest: {', '.join(near)}" if near else "; albert-ner download --list has them all"
    return hint + (f"; hf:{name} for a HuggingFace repository" if re.fullmatch(r"[\w.-]+/[\w.-]+", name) else "")


def _index():
    return _read(os.environ.get(VARIABLE) or None)


@functools.lru_cache(maxsize=8)
def _read(own_file):
    """dict from name or alias to ``Release``; those of ``own_file``, if any, first."""
    index = {}
    for path in filter(None, (own_file, _OWN)):
        for release in _rows(path):
            for name in (release.name, *release.aliases):
                index.setdefault(name, release)
    return index


def _rows(path):
    table = read_json(path, "a table of releases")
    if not isinstance(table.get("releases"), list):
        raise UserError(f"{path}: expected a list 'releases', found none")
    seen = set()
    for number, row in enumerate(table["releases"], start=1):
        try:
            release = _release(row, table.get("architectures", {}))
        except (KeyError, TypeError, ValueError, AttributeError) as e:
            raise UserError(f"{path}: release {number}: {e}") from e
        for name in (release.name, *release.aliases):
            if name in seen:
                raise UserError(f"{path}: release {number}: the name {name!r} is already another's, expected each once")
            seen.add(name)
        yield release


def _release(row, architectures):
    row = dict(row)
    missing = [key for key in _REQUIRED if key not in row]
    unknown = set(row) - {field.name for field in dataclasses.fields(Release)} - {"copied_by"}
    if missing or unknown:
        raise ValueError(f"expected the keys of a release, found {'no ' + missing[0] if missing else sorted(unknown)[0]!r}")
    if row["architecture"] is not None:
        row["architecture"] = {field: int(architectures[row["architecture"]][field]) for field in _ARCHITECTURE}
    copies = row.pop("copies", ())
    row.update(copies=tuple(c["address"] for c in copies), copied_by=tuple(c["by"] for c in copies))
    row.update(aliases=tuple(row.get("aliases", ())), archives=tuple(row.get("archives", ())))
    if row.get("huggingface"):
        row.setdefault("page", f"{HUB}/{row['huggingface']}")
    release = Release(**row)
    if not release.page:
        raise ValueError("expected a page, found none")
    if bool(release.huggingface) == bool(release.addresses):
        raise ValueError("expected archives, copies, or a HuggingFace repository instead")
    for name in (release.name, *release.aliases):
        if not _NAME.fullmatch(name):
            raise ValueError(f"expected a name of letters, digits, '_', '.' and '-', at most one '/' in it, found {name!r}")
    if release.addresses and release.architecture is None:
        raise ValueError("expected the architecture of an archive, which bounds what is unpacked, found null")
    for address in release.addresses:
        if urlsplit(address).scheme not in ("http", "https") or not urlsplit(address).path.strip("/"):
            raise ValueError(f"expected addresses http(s)://host/path, found {address!r}")
    return release
