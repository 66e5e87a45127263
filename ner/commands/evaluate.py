"""--do_eval: score the test split."""

import sys
import time

from tqdm import tqdm

from ner import runs
from ner.commands.common import model_dir, required, score
from ner.config import write_json
from ner.data.readers import read_split
from ner.evaluation import format_table
from ner.inference import Predictor
from ner.models import TaggerModel


def evaluate(flags):
    """Print the table of scores and write metrics.json beside the model."""
    directory = model_dir(flags)
    config = directory.read_config()
    test = read_split(required(flags, "data_dir"), "test", types=config.tag_set.types, on_bad_line=flags.on_bad_line)
    tokenizer = directory.read_tokenizer(config)
    model = TaggerModel(config)
    directory.read_weights(model)
    predictor = Predictor(model, tokenizer, flags.eval_batch_size, flags.constrained_decoding)
    started = time.perf_counter()
    with tqdm(total=len(test), desc="evaluating", unit=" sentences", file=sys.stderr, dynamic_ncols=True) as bar:
        result = score(predictor, test, bar.update)
    seconds = time.perf_counter() - started
    print(f"{test.path}: {len(test):,} sentences, {len(test) / seconds:,.0f} a second")
    print(format_table(result))
    details = {
        "data": test.path,
        "sha256": runs.sha256(test.path),
        "constrained_decoding": flags.constrained_decoding,
        "seconds": seconds,
    }
    write_json(directory.file("metrics.json"), {**details, **result.to_dict()})
