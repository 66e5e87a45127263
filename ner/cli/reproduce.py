"""Trains and scores the systems of the paper's comparison, and writes its tables with the published and the measured numbers.

    albert-ner reproduce --experiments=paper --output_dir=output/paper
    albert-ner reproduce --experiments=char_bilstm_crf,lattice_lstm_crf --seeds=1,2,3 --output_dir=output/reproduce

The first fetches MSRA and the public weights too, so it runs from an empty directory to the report. It asks before it trains on a
CPU, which takes days, unless --yes is given. The same command goes on where it stopped.
"""

from ner.reproduce.comparison import ComparisonSettings, compare

HELP = "train and score the systems of the paper's comparison"
SETTINGS = ComparisonSettings


def run(settings: ComparisonSettings) -> int:
    """Measures, and writes the report; returns an exit code, not 0 when a system could not be measured."""
    return compare(settings)
