"""Flags of tagging, shared by ``run_ner.py --do_predict`` and ``albert-ner tag``."""

from absl import flags

from ner.tagging import writers

flags.DEFINE_string("output_file", "-", "Where the result goes; - writes to standard output. An existing file is not overwritten.")
flags.DEFINE_enum(
    "output_format",
    "jsonl",
    list(writers.WRITERS),
    writers.describe(),
)
flags.DEFINE_string(
    "text_field", None, "Read JSON lines, with the text in this field; jsonl output keeps all other fields. By default text."
)
flags.DEFINE_string("entities_field", "entities", "The field jsonl output writes the entities to.")
flags.DEFINE_string("lexicon", None, "Terms that must or must never be entities: lines of a term, a tab, and its type or -.")
flags.DEFINE_bool("progress", None, "Show a progress bar on standard error; by default if that is a terminal.")
