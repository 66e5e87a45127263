"""CLUENER2020: ``{"text": …, "label": {type: {name: [[first, last], …]}}}``, the last character inclusive."""

from ner.data.formats.json_object import JsonLines


class Cluener(JsonLines):
    """The format of CLUENER2020."""

    name = "cluener"
    suffix = ".json"
    key = "label"

    def entities(self, example):
        """The entities by type and name."""
        found = {}
        for start, end, label in example.spans():
            found.setdefault(label, {}).setdefault(example.text[start:end], []).append([start, end - 1])
        return found


FORMAT = Cluener()
