"""A server of a tagger over HTTP, ``albert-ner serve``; needs the extra ``serve``."""
