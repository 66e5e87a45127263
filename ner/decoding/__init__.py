"""From emissions to tags, entities and their probabilities."""
