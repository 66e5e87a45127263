"""Taggers for texts: the Python tagger, exported ones, their input and output formats."""
