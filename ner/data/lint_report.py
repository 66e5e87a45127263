"""Report of data lint: numbers, findings and their display."""

import dataclasses
from typing import NamedTuple

from ner.data.text_table import format_table

ERROR, WARNING, INFO = "error", "warning", "info"
_SEVERITIES = (ERROR, WARNING, INFO)


class Finding(NamedTuple):
    """One thing worth knowing about the data.

    Attributes:
      severity: ``error`` (training or its score would be wrong: the command fails), ``warning`` or ``info``.
      check: the check's name, for scripts.
      where: the split or splits concerned.
      count: how often it occurs.
      message: one line.
      places: some of the places, ``file:line: what is there``.
    """

    severity: str
    check: str
    where: str
    count: int
    message: str
    places: tuple = ()


@dataclasses.dataclass(frozen=True)
class SplitStatistics:
    """Numbers of one split.

    Attributes:
      path, file_format, scheme: the file, its format and the scheme of its tags.
      sentences, characters: totals.
      entities: dict, type → entities in the conlleval reading.
      strict_entities: entities in the strict reading.
      outside_share: share of characters tagged ``O``, in [0, 1].
      lengths: dict, upper bound of a bucket (characters, inclusive) → sentences not longer than it and longer than the one before.
      mean_length, max_length: characters per sentence.
    """

    path: str
    file_format: str
    scheme: str
    sentences: int
    characters: int
    entities: dict
    strict_entities: int
    outside_share: float
    lengths: dict
    mean_length: float
    max_length: int


@dataclasses.dataclass(frozen=True)
class Report:
    """All of lint's result.

    Attributes:
      splits: dict, split name → :class:`SplitStatistics`.
      findings: list of :class:`Finding`, errors first.
    """

    splits: dict
    findings: list

    @property
    def has_errors(self):
        """True if a finding is an error."""
        return any(finding.severity == ERROR for finding in self.findings)

    def to_dict(self):
        """JSON-ready dict."""
        return {
            "splits": {name: dataclasses.asdict(split) for name, split in self.splits.items()},
            "findings": [finding._asdict() for finding in self.findings],
            "errors": self._count(ERROR),
            "warnings": self._count(WARNING),
        }

    def format(self):
        """The report as text: a table of the files, one of the entities, one of the lengths, and the findings."""
        sections = [self._files(), self._entities(), self._lengths(), self._findings()]
        return "\n\n".join(sections)

    def _count(self, severity):
        return sum(finding.severity == severity for finding in self.findings)

    def _files(self):
        header = ("split", "format", "scheme", "sentences", "characters", "mean", "longest", "entities", "strict", "O %", "file")
        rows = [
            (
                name,
                s.file_format,
                s.scheme,
                s.sentences,
                s.characters,
                s.mean_length,
                s.max_length,
                sum(s.entities.values()),
                s.strict_entities,
                100 * s.outside_share,
                s.path,
            )
            for name, s in self.splits.items()
        ]
        return format_table(header, rows)

    def _entities(self):
        types = sorted({label for split in self.splits.values() for label in split.entities})
        rows = [(label, *(split.entities.get(label, 0) for split in self.splits.values())) for label in types]
        return format_table(("entities", *self.splits), rows)

    def _lengths(self):
        bounds = sorted({bound for split in self.splits.values() for bound in split.lengths})
        rows = [(f"up to {bound:,}", *(split.lengths.get(bound, 0) for split in self.splits.values())) for bound in bounds]
        return format_table(("characters", *self.splits), rows)

    def _findings(self):
        lines = []
        for finding in self.findings:
            lines.append(f"{finding.severity:<7}  {finding.where}: {finding.message}")
            lines += [f"         {place}" for place in finding.places]
            hidden = finding.count - len(finding.places)
            if finding.places and hidden > 0:
                lines.append(f"         … and {hidden:,} more")
        lines.append(f"{self._count(ERROR)} errors, {self._count(WARNING)} warnings")
        return "\n".join(lines)


def by_severity(findings):
    """Findings with errors first, otherwise in their order."""
    return sorted(findings, key=lambda finding: _SEVERITIES.index(finding.severity))
