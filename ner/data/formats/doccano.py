"""doccano's JSON lines: ``{"id": 1, "text": …, "label": [[start, end, type], …], "Comments": []}``; the forms of its versions are read."""

from ner.data.formats.json_object import JsonLines


class Doccano(JsonLines):
    """The format that doccano exports and imports."""

    name = "doccano"
    key = "label"

    def entities(self, example):
        """Lists of start, end and type."""
        return [list(span) for span in example.spans()]

    def lines(self, examples, scheme, lost):
        """One line per example; relations are between entities that this form does not number."""
        lost.update("text whose relations are left out" for example in examples if example.details.fields.get("relations"))
        return super().lines(examples, scheme, lost)


FORMAT = Doccano()
