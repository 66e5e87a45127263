"""Check a data set before training on it: ``python -m ner.data.lint --data_dir=…``.

Prints tables of files, entities and lengths, and what was found. **Errors** are findings with which training or its score would be wrong;
the exit code is 1 if there is one, 0 if not (and 2 for wrong flags). **Warnings** are for a person to judge. The limits between the two
are the constants at the top of this module.

Training runs the same checks (:func:`lint`) before it starts.
"""

import collections
import dataclasses
import json
from typing import Optional

from albert import command
from albert.errors import FieldError
from albert.fields import check_fields, same_setting, setting
from albert.tokenization import load_tokenizer
from ner.data.cutting import split_examples
from ner.data.lint_report import ERROR, INFO, WARNING, Finding, Report, SplitStatistics, by_severity
from ner.data.readers import Unlabelled
from ner.data.settings import DataSettings
from ner.data.splits import SPLITS, find_split
from ner.errors import DataError
from ner.long_text.windows import NUM_SPECIAL_TOKENS
from ner.tags import OUTSIDE

# Up to this share of entities, breaks of the scheme are slips; above it, the file is probably not what it is taken for.
MAX_VIOLATION_SHARE = 0.01
# Up to this share of a dev or test set, sentences that are in the training set too are chance; above it, the score is inflated.
MAX_LEAKED_SHARE = 0.05
# Up to this share of characters, unknown ones are rare; above it, the vocabulary or its case is the wrong one.
MAX_UNKNOWN_SHARE = 0.05
# Fewer training entities of a type than this teach a model little.
MIN_ENTITIES = 50

_MOST_COMMON = 10
_SHOWN_CHARACTERS = 30


@dataclasses.dataclass(frozen=True)
class LintCommand:
    """Settings of a check: the data, what it is checked against, and how the report is printed."""

    data_dir: str = setting(help="Directory with the files of the splits (train.txt, dev.txt, test.txt and the like).")
    nested: str = same_setting(DataSettings, "nested")
    max_seq_length: Optional[int] = setting(
        None, "Tokens per window with [CLS] and [SEP]; without it, lengths are not checked.", at_least=1
    )
    vocab_file: Optional[str] = setting(None, "vocab.txt of the checkpoint; without it or --spm_model_file, characters are not checked.")
    spm_model_file: Optional[str] = setting(None, "SentencePiece model of the checkpoint, in place of --vocab_file.")
    do_lower_case: bool = setting(True, "Lower-case characters before they are looked up.")
    format: str = setting("table", "How to print the report.", choices=("table", "json"))
    max_places: int = setting(20, "Places listed per finding.", at_least=0)

    def __post_init__(self):
        check_fields(self)


def read_for_lint(data, split):
    """One split, read as far as it can be.

    Args:
      data: a data directory, or the ``DataSettings`` of one or of data from Python.
      split: ``train``, ``dev`` or ``test``.

    Returns:
      The :class:`ner.data.examples.Corpus`, None if there is none or nothing in it can be read, and in this case a list of the
      :class:`ner.data.lint_report.Finding` that says why.
    """
    settings = data if isinstance(data, DataSettings) else DataSettings(data)
    try:
        return settings.read(split, required=False, on_bad_line="skip"), []
    except Unlabelled as e:
        return None, [Finding(WARNING, "unlabelled", split, 1, f"texts without labels, which cannot be scored; {e}")]
    except DataError as e:
        return None, [Finding(ERROR, "unreadable", split, 1, str(e))]


def lint(corpora, max_seq_length=None, tokenizer=None, max_places=20, findings=()):
    """Check the splits of a data set.

    Args:
      corpora: dict, split name → :class:`ner.data.examples.Corpus`; ``train`` first. For bad lines to be findings rather than
        exceptions, read them with ``on_bad_line="skip"``.
      max_seq_length: tokens per window with [CLS] and [SEP]; without it, lengths are not checked.
      tokenizer: an object with ``encode(text) -> int32 [T]`` and ``unk_id``; without it, characters are not checked.
      max_places: places listed per finding.
      findings: those of reading the splits.

    Returns:
      :class:`ner.data.lint_report.Report`.
    """
    findings = list(findings)
    for name, corpus in corpora.items():
        findings += _check_reading(name, corpus)
        findings += _check_violations(name, corpus, max_places)
        findings += _check_texts(name, corpus, max_places)
        if max_seq_length:
            findings += _check_lengths(name, corpus, max_seq_length)
        if tokenizer:
            findings += _check_characters(name, corpus, tokenizer)
    findings += _check_labels(corpora, max_places)
    findings += check_leaks(corpora, max_places)
    return Report({name: _statistics(corpus) for name, corpus in corpora.items()}, by_severity(findings))


def _check_reading(name, corpus):
    for reason, count in corpus.skipped.most_common():
        places = (corpus.first_skipped[reason],)
        yield Finding(ERROR, "bad line", name, count, f"{count:,} sentences that cannot be read: {reason}", places)
    for (_, count), note in zip(sorted(corpus.notes.items()), corpus.describe_notes()):
        yield Finding(WARNING, "oddity", name, count, note)


def _check_violations(name, corpus, max_places):
    count = len(corpus.violations)
    if not count:
        return
    entities = sum(corpus.entity_counts().values())
    severity = ERROR if count > MAX_VIOLATION_SHARE * entities else WARNING
    message = f"{count:,} tags that break the scheme {corpus.source_scheme}"
    yield Finding(severity, "scheme violation", name, count, message, tuple(map(str, corpus.violations[:max_places])))


def _check_texts(name, corpus, max_places):
    blank = [example for example in corpus if not example.text.strip()]
    if blank:
        yield Finding(
            WARNING, "blank sentence", name, len(blank), f"{len(blank):,} sentences of white space only", _places(blank, max_places)
        )
    first, repeated, contradicting = {}, [], []
    for example in corpus:
        original = first.setdefault(example.text, example)
        if original is not example:
            repeated.append(example)
            if original.tags != example.tags:
                contradicting.append(example)
    if repeated:
        yield Finding(WARNING, "duplicate", name, len(repeated), f"{len(repeated):,} sentences that occur before in the file")
    if contradicting:
        message = f"{len(contradicting):,} sentences that occur before in the file with other tags"
        yield Finding(WARNING, "contradiction", name, len(contradicting), message, _places(contradicting, max_places))


def _check_lengths(name, corpus, max_seq_length):
    window = max_seq_length - NUM_SPECIAL_TOKENS
    if window < 1:
        raise FieldError(
            "{max_seq_length}: found {}, expected more than {}, which [CLS] and [SEP] take", max_seq_length, NUM_SPECIAL_TOKENS
        )
    long = [example for example in corpus if len(example.text) > window]
    if not long:
        return
    lost = sum(span.end > window for example in long for span in example.spans(corpus.scheme))
    cut = split_examples(long, window, corpus.scheme).cut_entities
    message = (
        f"{len(long):,} sentences longer than {window} characters, the window of {max_seq_length} tokens: "
        f"truncation would lose {lost:,} entities, windows cut {cut:,}"
    )
    yield Finding(WARNING if cut else INFO, "long sentence", name, len(long), message)


def _check_characters(name, corpus, tokenizer):
    characters = collections.Counter()
    for example in corpus:
        characters.update(example.text)
    alphabet = "".join(characters)
    unknown = {c: characters[c] for c, unit in zip(alphabet, tokenizer.encode(alphabet)) if unit == tokenizer.unk_id}
    count, total = sum(unknown.values()), sum(characters.values())
    if not count:
        return
    severity = ERROR if count > MAX_UNKNOWN_SHARE * total else WARNING
    common = ", ".join(f"{c!r} {n:,}" for c, n in collections.Counter(unknown).most_common(_MOST_COMMON))
    message = f"{count:,} of {total:,} characters ({len(unknown):,} different) are not in the vocabulary; most often {common}"
    yield Finding(severity, "unknown character", name, count, message)


def _check_labels(corpora, max_places):
    if "train" not in corpora:
        return
    known = corpora["train"].entity_counts()
    if not known:
        yield Finding(ERROR, "no entity", "train", 1, "no entity at all, there is nothing to learn")
    for name, corpus in corpora.items():
        if name != "train" and not corpus.entity_counts():
            yield no_entity(name)
    for label, count in sorted(known.items()):
        if count < MIN_ENTITIES:
            yield Finding(WARNING, "rare label", "train", count, f"{count:,} entities of type {label}, fewer than {MIN_ENTITIES}")
    for name, corpus in corpora.items():
        unknown = sorted(set(corpus.entity_counts()) - set(known))
        if unknown:
            examples = [example for example in corpus if any(span.label in unknown for span in example.spans(corpus.scheme))]
            message = f"{len(examples):,} sentences with labels that train does not have: {', '.join(unknown)}"
            yield Finding(ERROR, "unknown label", name, len(examples), message, _places(examples, max_places))


def no_entity(name):
    """The finding that a split other than train has no entity: an error in a set that chooses the epoch, else a warning."""
    if name == "test":
        return Finding(WARNING, "no entity", name, 1, "no entity at all, every score on it is 0")
    return Finding(ERROR, "no entity", name, 1, "no entity at all, every F1 on it is 0 and no epoch can be chosen by it")


def check_leaks(corpora, max_places=20):
    """Findings of sentences that are in two splits.

    Args:
      corpora: dict, split name → sequence of :class:`ner.data.examples.Example`; ``train`` first.
      max_places: places listed per finding.

    Yields:
      :class:`ner.data.lint_report.Finding`.
    """
    names = list(corpora)
    for i, earlier in enumerate(names):
        texts = {example.text for example in corpora[earlier]}
        for later in names[i + 1 :]:
            shared = [example for example in corpora[later] if example.text in texts]
            if shared:
                severity = ERROR if len(shared) > MAX_LEAKED_SHARE * len(corpora[later]) else WARNING
                message = f"{len(shared):,} of {len(corpora[later]):,} {later} sentences are in {earlier} too"
                yield Finding(severity, "leak", f"{earlier}, {later}", len(shared), message, _places(shared, max_places))


def _places(examples, max_places):
    return tuple(
        f"{e.source}:{e.line}: {e.text[:_SHOWN_CHARACTERS]}{'…' * (len(e.text) > _SHOWN_CHARACTERS)}" for e in examples[:max_places]
    )


def _statistics(corpus):
    lengths = [len(example.text) for example in corpus]
    tags = corpus.tag_counts()
    return SplitStatistics(
        path=corpus.path,
        file_format=corpus.file_format,
        scheme=corpus.source_scheme,
        sentences=len(corpus),
        characters=sum(lengths),
        entities=dict(sorted(corpus.entity_counts().items())),
        strict_entities=sum(corpus.entity_counts(strict=True).values()),
        outside_share=tags[OUTSIDE] / sum(lengths),
        lengths=dict(sorted(collections.Counter(map(_bucket, lengths)).items())),
        mean_length=sum(lengths) / len(lengths),
        max_length=max(lengths),
    )


def _bucket(length):
    """The smallest power of two that is not below the length, at least 8."""
    return max(8, 1 << (length - 1).bit_length())


def run(settings: LintCommand) -> int:
    """Print the report on a data set; returns the exit code."""
    return check(settings)[0]


def check(settings: LintCommand) -> tuple[int, dict]:
    """Print the report on a data set; returns the exit code, and the corpora that could be read: a dict from the names of splits."""
    find_split(settings.data_dir, "train", required=True)
    corpora, findings = {}, []
    for split in SPLITS:
        corpus, unread = read_for_lint(DataSettings(settings.data_dir, nested=settings.nested), split)
        findings += unread
        if corpus is not None:
            corpora[split] = corpus
    tokenizer = None
    if settings.vocab_file or settings.spm_model_file:
        tokenizer = load_tokenizer(settings.vocab_file, settings.spm_model_file, settings.do_lower_case)
    report = lint(corpora, settings.max_seq_length, tokenizer, settings.max_places, findings)
    print(json.dumps(report.to_dict(), ensure_ascii=False, indent=2) if settings.format == "json" else report.format())
    return int(report.has_errors), corpora


if __name__ == "__main__":
    command.run_module(LintCommand, run)
