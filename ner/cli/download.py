"""Fetches published checkpoints by the names of their releases, so that what needs them finds them there.

    albert-ner download --list
    albert-ner download albert_base_zh hf:hfl/rbt3
    albert-ner download --where albert_base_zh
    albert-ner download --check

What is fetched is checked, unpacked, opened, and lies in the cache: the platform's place, or where the environment variable
ALBERT_NER_CACHE says. ALBERT_NER_MIRROR and HF_ENDPOINT name mirrors, ALBERT_NER_REGISTRY a file with releases of your own. Downloads
send nothing about you: the address, and the name and version of this program.
"""

import dataclasses
import sys

from albert import hub
from albert.errors import FieldError, UserError
from albert.fields import check_fields, setting
from albert.hub.settings import FetchSettings
from ner.data.text_table import format_table

HELP = "fetch published encoders and taggers by name"


@dataclasses.dataclass(frozen=True)
class DownloadCommand:
    """Settings of a download, or of a report about it."""

    names: tuple = setting((), "Names of releases, or hf:owner/name[@revision].", arguments="[NAME…]")
    list: bool = setting(False, "List the releases: publisher, size, licence, and which of them are here.")
    where: bool = setting(False, "Print the directories of the releases, or that of the cache; exit code 1 if one is not here.")
    check: bool = setting(False, "Ask the addresses of the releases, by default of all, for their headers, and print what they answer.")
    fetching: FetchSettings = FetchSettings()

    def __post_init__(self):
        check_fields(self)
        if self.list + self.where + self.check > 1:
            raise FieldError("{list}, {where} and {check}: found more than one of them, expected at most one")
        if not (self.names or self.list or self.where or self.check):
            raise FieldError("expected the names of releases to fetch, or {list}, which prints them")
        if self.check and (self.fetching.offline or hub.is_offline()):
            raise FieldError("{check}: found it with {offline}, expected a network")


SETTINGS = DownloadCommand


def run(settings: DownloadCommand) -> int:
    """Fetches, or prints; see the module. Returns the exit code.

    Raises:
      UserError: a name is unknown, or a release could not be fetched; the others were.
    """
    releases = [hub.lookup(name) for name in settings.names]
    if settings.list:
        print(_table(releases or hub.releases()))
        return 0
    if settings.where:
        return _print_places(releases)
    if settings.check:
        return _check(releases or hub.releases())
    return _fetch(settings.names, settings.fetching.offline or None)


def _table(releases):
    rows = []
    for release in releases:
        size = f"{release.size / 1e6:,.0f} MB" if release.size else "?"
        here = "yes" if hub.present(release.key) else "no"
        names = ", ".join((release.name, *release.aliases))
        remark = "; ".join(filter(None, (release.remark, *(f"copy by {whose}" for whose in release.copied_by))))
        rows.append((names, release.publisher, size, here, release.licence, remark))
    return format_table(("name", "publisher", "size", "here", "licence", ""), rows)


def _print_places(releases):
    if not releases:
        print(hub.cache_dir())
    missing = []
    for release in releases:
        directory = hub.present(release.key)
        if directory:
            print(directory)
        else:
            missing.append(release.name)
    if missing:
        raise UserError(f"{', '.join(missing)}: not here; albert-ner download {' '.join(missing)}")
    return 0


def _check(releases):
    from albert.hub.checking import check  # noqa: PLC0415 - imports network libraries

    silent = []
    for release in releases:
        answers = check(release)
        for answer in answers:
            print(f"{'ok ' if answer.is_there else 'NO '} {release.name}  {answer.address}  {answer.text}", flush=True)
        if not any(answer.is_there for answer in answers):
            silent.append(release.name)
    if silent:
        raise UserError(f"{len(silent)} of {len(releases)} releases have no address that answers: {', '.join(silent)}")
    return 0


def _fetch(names, offline):
    from albert.checkpoints.proof import fetch  # noqa: PLC0415 - --list does without

    failed = []
    for name in names:
        try:
            print(fetch(name, offline), flush=True)
        except hub.FetchError as e:
            if len(names) == 1:
                raise
            print(f"error: {e}", file=sys.stderr)
            failed.append(name)
    if failed:
        raise UserError(f"{', '.join(failed)}: not fetched, for the reasons above; the others were")
    return 0
