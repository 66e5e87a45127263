"""Files as annotation tools export them, read as data and written again in every format."""

import collections
import os
import tempfile

from tests.fuzz.formats_texts import _mutate_json_lines, _read_labelled
from tests.fuzz.harness import Format
from tests.fuzz.mutate import mutate_json, mutate_lines
from tests.ner.data.formats.samples import SAMPLES

_MOST_BYTES = 1 << 20


def formats():
    """One for each kind of file, whose samples are its seeds."""
    kinds = collections.defaultdict(list)
    for name, (file, contents, others) in SAMPLES.items():
        kind = "table" if file.endswith(".csv") or name == "tsv-tokens" else name if others else name.partition("-")[0]
        kinds[kind].append((contents.rstrip("\n").encode(), others))
    found = []
    for kind, samples in kinds.items():
        seeds = tuple(contents for contents, _ in samples)
        files = {other: contents.encode() for other, contents in samples[0][1].items()}
        name = {"table": "train.csv", "brat": "train.ann"}.get(kind, "train.data")
        found.append(Format(f"data-{kind}", name, seeds, _read, _mutate, files))
    file, contents, others = SAMPLES["brat"]
    found.append(Format("data-brat-text", "train.txt", (others["train.txt"].encode(),), _read, mutate_lines, {file: contents.encode()}))
    file, contents, others = SAMPLES["huggingface-numbers"]
    info = others["dataset_info.json"].encode()
    found.append(Format("data-huggingface-info", "dataset_info.json", (info,), _read, mutate_json, {file: contents.encode()}))
    return found


def _mutate(random, data, seeds):
    if data.startswith(b"["):
        return mutate_json(random, data, seeds)[:_MOST_BYTES]
    lines = [seed for seed in seeds if seed.startswith(b"{")]
    return (_mutate_json_lines if data.startswith(b"{") else mutate_lines)(random, data, lines if data.startswith(b"{") else seeds)


def _read(directory):
    """Read as training does and with overlaps resolved; what is read can be written in every format."""
    from ner.data import formats as data_formats  # noqa: PLC0415
    from ner.data.readers import read_split  # noqa: PLC0415

    _read_labelled(directory)
    corpus = read_split(directory, "train", on_bad_line="skip", nested="outermost")
    if len(corpus) > 100:
        return
    spans = [example.spans(corpus.scheme) for example in corpus]
    with tempfile.TemporaryDirectory(dir=directory) as outputs:
        for name in data_formats.FORMATS:
            target = data_formats.find_format(name)
            path = os.path.join(outputs, f"{name}{target.suffix or '.ann'}")
            target.write(corpus.examples, path)
            if name in ("doccano", "label-studio", "entities", "csv"):
                back = read_split_file(path, name)
                assert [example.spans() for example in back] == spans, name
                assert [example.text for example in back] == [example.text for example in corpus], name


def read_split_file(path, name):
    """A file that was written, read in its format."""
    from ner.data.readers import read_examples  # noqa: PLC0415

    return read_examples(path, file_format=name)
