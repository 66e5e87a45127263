"""``{"text": …, "entities": [{"start", "end", "label", "text"}, …]}``: what ``albert-ner tag`` writes, too."""

from ner.data.formats.base import entity_objects
from ner.data.formats.json_object import JsonLines


class Entities(JsonLines):
    """Entities as objects with their texts."""

    name = "entities"

    def entities(self, example):
        """Objects with offsets, type and text."""
        return entity_objects(example)


FORMAT = Entities()
