"""Says what a checkpoint is, what of it would be loaded, what is ignored, and everything that is wrong with it.

    albert-ner inspect albert_base_zh
    albert-ner inspect chinese_L-12_H-768_A-12 --show_all

No values are read and no network is built. The exit code is 1 if the encoder could not be loaded.
"""

from albert.cli.inspect_checkpoint import InspectCommand, run

HELP = "report on an encoder's checkpoint"
SETTINGS = InspectCommand

__all__ = ["HELP", "SETTINGS", "run"]
