"""Pretrains an ALBERT on raw text: masked n-grams and sentence order.

    albert-ner pretrain --flagfile=pretrain_tiny --input_file='corpus/*.txt.xz' --output_dir=output/pretrained

Text is one sentence a line, with a blank line after each document. The same command goes on where it stopped.
"""

from albert.pretraining.settings import PretrainingRun
from albert.training.starting_point import fetch_checkpoint

HELP = "pretrain an encoder on raw text"
SETTINGS = PretrainingRun


def run(settings: PretrainingRun) -> int:
    """Pretrain; returns an exit code, not 0 when a signal stopped the run."""
    fetch_checkpoint(settings.start)
    from albert.pretraining.run import run as pretrain  # noqa: PLC0415 - imports TensorFlow

    return pretrain(settings)
