"""HuggingFace datasets: ``tokens`` and ``ner_tags``, as JSON lines or as a directory that ``datasets`` saved.

Tags are names, or numbers whose names the features of ``dataset_info.json`` tell, in the directory or beside the JSON lines.
"""

import collections
import os

from albert.files import json_kind, read_json, show_json, to_json
from ner.data.columns import Sentence
from ner.data.examples import NO_DETAILS, Details
from ner.data.formats.base import Opened, numbered_lines, parsed, suffix_of
from ner.data.formats.tagged import TaggedFormat
from ner.data.json_lines import describe, peek, read_object
from ner.data.problems import LineError
from ner.errors import DataError
from ner.tags import looks_like_tag

_TAG_KEYS = ("ner_tags", "tags", "labels", "ner")
_INFO = "dataset_info.json"


class HuggingFace(TaggedFormat):
    """The format of data sets for token classification."""

    name = "huggingface"
    suffix = ".jsonl"
    carries = frozenset({"fields", "lines", "spaces", "words"})
    replaced = {}

    def open(self, head):
        """See the base; the keys of the first object, or the files of a directory, show it."""
        if os.path.isdir(head.path):
            return self._open_directory(head.path) if os.path.isfile(os.path.join(head.path, _INFO)) else None
        if not isinstance(peek(head.line).get("tokens"), list):
            return None
        names = _names(os.path.join(os.path.dirname(head.path), _INFO))

        def read(problems, notes):
            return parsed(lambda number, line: _sentence(number, read_object(line), names), numbered_lines(head.file, notes), problems)

        return Opened(self.name, read, tagged=True)

    def _open_directory(self, path):
        names = _names(os.path.join(path, _INFO))

        def read(problems, notes):
            return parsed(lambda number, values: _sentence(number, values, names), enumerate(_rows(path), 1), problems)

        return Opened(self.name, read, tagged=True)

    def write(self, examples, path, scheme="BIO"):
        """Write JSON lines; or, to a name without a suffix, a directory as ``datasets`` saves it, with the tags as ``ClassLabel``."""
        if suffix_of(path):
            return super().write(examples, path, scheme)
        from ner.data.formats.saved_dataset import save  # noqa: PLC0415 - needs an extra

        lost = collections.Counter()
        save(path, [self._values(example, scheme, lost) for example in examples])
        self.count_lost(examples, lost)
        return lost

    def lines(self, examples, scheme, lost):
        """One line per example."""
        return (to_json(self._values(example, scheme, lost)) + "\n" for example in examples)

    def _values(self, example, scheme, lost):
        tokens, tags = self.tokens_and_tags(example, scheme, lost)
        fields = {key: value for key, value in example.details.fields.items() if key not in ("tokens", *_TAG_KEYS)}
        identity = {"id": fields.pop("id")} if "id" in fields else {}
        return {**identity, "tokens": tokens, "ner_tags": tags, **fields}


def _names(path):
    """dict from the key of tags to the names of its numbers, as ``dataset_info.json`` tells them; empty without such a file."""
    if not os.path.isfile(path):
        return {}
    features = read_json(path, "the description of a data set", error=DataError).get("features")
    found = {}
    for key, feature in features.items() if isinstance(features, dict) else ():
        inner = feature.get("feature") if isinstance(feature, dict) else None
        names = inner.get("names") if isinstance(inner, dict) else None
        if isinstance(names, list) and all(isinstance(name, str) for name in names):
            found[key] = names
    return found


def _rows(path):
    """Objects of a saved directory."""
    from ner.data.formats.saved_dataset import rows  # noqa: PLC0415 - needs an extra

    return rows(path)


def _sentence(number, values, names):
    tokens = values.get("tokens")
    if not isinstance(tokens, list) or not tokens or not all(isinstance(token, str) and token for token in tokens):
        raise LineError("structure", describe(values, "tokens"), "a list of strings that are not empty")
    if any("\ud800" <= c <= "\udfff" for token in tokens for c in token):
        raise LineError("invalid Unicode", "half of a surrogate pair in a token", "Unicode text")
    key = next((key for key in _TAG_KEYS if key in values), None)
    if key is None:
        raise LineError("missing label", f"the keys {', '.join(map(repr, values))}"[:200], "'tokens' and 'ner_tags'")
    tags = values[key]
    if not isinstance(tags, list) or len(tags) != len(tokens):
        count = f"{len(tags)} tags" if isinstance(tags, list) else f"a JSON {json_kind(tags)}"
        raise LineError("structure", f"{key} as {count}", f"a list with a tag for each of {len(tokens)} tokens")
    fields = {name: value for name, value in values.items() if name not in ("tokens", key)}
    words = tuple(map(len, tokens)) if any(len(token) > 1 for token in tokens) else ()
    details = Details(fields=fields, words=words) if fields or words else NO_DETAILS
    return Sentence(number, tokens, [_tag(tag, key, names) for tag in tags], details)


def _tag(tag, key, names):
    if isinstance(tag, int) and not isinstance(tag, bool):
        if key not in names:
            raise LineError("not a tag", f"the number {show_json(tag)} in {key!r}", f"names of tags, or a {_INFO} whose features name them")
        if not 0 <= tag < len(names[key]):
            raise LineError("not a tag", f"the number {show_json(tag)} in {key!r}", f"a number below {len(names[key])}, as {_INFO} says")
        tag = names[key][tag]
    if not isinstance(tag, str) or not looks_like_tag(tag):
        raise LineError("not a tag", f"{show_json(tag)} in {key!r}", "a tag such as O or B-PER")
    return tag


FORMAT = HuggingFace()
