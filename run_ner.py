"""Train, evaluate and use a Chinese named entity tagger: ``python run_ner.py --flagfile=flags/quickstart.flags``."""

import sys

from absl import flags

from albert import command
from albert.errors import UserError
from ner.cli import evaluate, export, tag, train
from ner.cli.common import Steps

FLAGS = flags.FLAGS

# In the order in which they are done.
COMMANDS = {"do_train": train, "do_eval": evaluate, "do_predict": tag, "do_export": export}

command.define(Steps, *(module.SETTINGS for module in COMMANDS.values()))


def main(_):
    """The command; see the module."""
    steps = [module for name, module in COMMANDS.items() if FLAGS[name].value]
    if not steps:
        raise UserError("nothing to do: give at least one of --do_train, --do_eval, --do_predict and --do_export")
    # All settings before the first step: a mistake in the last one's is found now.
    chosen = [(module, command.settings(module.SETTINGS)) for module in steps]
    if train in steps and evaluate in steps:
        evaluate.check(dict(chosen)[evaluate])
    for module, settings in chosen:
        code = module.step(settings) if module is train else module.run(settings)
        if code:
            return code
    if train in steps and tag not in steps and export not in steps:
        train.say_what_next(dict(chosen)[train])
    return 0


if __name__ == "__main__":
    sys.exit(command.run(main))
