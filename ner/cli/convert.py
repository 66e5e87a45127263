"""Converts an encoder's checkpoint of any published layout to any other whose architecture can hold the same function.

    albert-ner convert --input_path=albert_base_zh --output_path=albert_base_zh_hf --output_format=huggingface

The result is loaded again and compared with the source on random input: the largest absolute difference of every hidden state is
printed. Above 1e-4 nothing is kept and the exit code is 1. Taggers are converted by albert-ner convert-tagger.
"""

from albert.cli.convert_checkpoint import ConvertCommand, run

HELP = "convert an encoder's checkpoint to another layout"
SETTINGS = ConvertCommand

__all__ = ["HELP", "SETTINGS", "run"]
