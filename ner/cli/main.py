"""The console command ``albert-ner``: ``albert-ner tag [--model_dir=DIR] [FILE…]``."""

import os
import sys

from absl import flags

from albert import command

_MODULE = "ner.cli"  # also when run with python -m
_MODEL_VARIABLE = "ALBERT_NER_MODEL"

_USAGE = f"""usage: albert-ner tag [--model_dir=DIR] [FILE…]

Finds named entities in the lines of files (names or patterns such as 'data/*.txt'), or of standard input, with the tagger
in DIR, which is a training output directory. Without --model_dir, DIR is the environment variable {_MODEL_VARIABLE}; without
that too, the tagger that comes with the package is used: persons, places and organisations in simplified Chinese.
"""


def main(argv=None):
    """Run the command and exit the process; ``argv`` includes the program's name, ``sys.argv`` by default."""
    program, *rest = sys.argv if argv is None else argv
    wants_help = any(argument in ("-h", "--help") for argument in rest)
    if rest[:1] == ["tag"]:
        _define_flags()
        if not wants_help:
            command.run(_tag, [f"{program} tag", *rest[1:]], arguments=("[FILE…]",))
    if wants_help:
        command.run(_help, [program])
    print(_USAGE, end="", file=sys.stderr)
    sys.exit(command.EXIT_USAGE)


def _help(_):
    print(_USAGE)
    for module in (_MODULE, "ner.cli.tagging_flags"):
        print(flags.FLAGS.module_help(module))


def _define_flags():
    # Here and not at import: run_ner.py has flags of these names too.
    flags.DEFINE_string(
        "model_dir",
        os.environ.get(_MODEL_VARIABLE),
        "The training output directory to tag with; by default the tagger that comes with the package.",
        module_name=_MODULE,
    )
    flags.DEFINE_integer("eval_batch_size", 64, "Texts, or windows of long texts, per batch.", lower_bound=1, module_name=_MODULE)
    flags.DEFINE_bool("constrained_decoding", True, "Decode legal tag sequences only.", module_name=_MODULE)
    import ner.cli.tagging_flags  # noqa: F401, PLC0415


def _tag(args):
    # Imported here, so that a wrong flag is answered before TensorFlow loads.
    from ner.cli.tag import predict  # noqa: PLC0415

    predict(flags.FLAGS, args[1:] or ["-"])
