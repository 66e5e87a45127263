"""Files as tools export them, by name of the format: (name of the file, contents)."""

import json

TEXT = "王明在北京大学，😀。"
NEXT = "李华去上海"
SPANS = [(0, 2, "PER"), (3, 7, "ORG"), (8, 9, "X")]
NEXT_SPANS = [(0, 2, "PER"), (3, 5, "LOC")]
TAGS = ["B-PER", "I-PER", "O", "B-ORG", "I-ORG", "I-ORG", "I-ORG", "O", "B-X", "O"]
NEXT_TAGS = ["B-PER", "I-PER", "O", "B-LOC", "I-LOC"]
BOTH = ((TEXT, SPANS, TAGS), (NEXT, NEXT_SPANS, NEXT_TAGS))


def dump(value):
    return json.dumps(value, ensure_ascii=False)


def lines(*values):
    return "".join(dump(value) + "\n" for value in values)


def utf16(text, place):
    return len(text[:place].encode("utf-16-le")) // 2


def result(text, spans):
    return [
        {
            "id": f"r{start}",
            "from_name": "label",
            "to_name": "text",
            "type": "labels",
            "origin": "manual",
            "value": {"start": utf16(text, start), "end": utf16(text, end), "text": text[start:end], "labels": [label]},
        }
        for start, end, label in spans
    ]


def tasks():
    return [
        {
            "id": number,
            "annotations": [{"id": 7, "completed_by": 1, "result": result(text, spans), "was_cancelled": False, "ground_truth": False}],
            "file_upload": "a.txt",
            "data": {"text": text, "source": "a"},
            "predictions": [],
            "meta": {},
        }
        for number, (text, spans, _) in enumerate(BOTH, 1)
    ]


def short_tasks():
    return [
        {
            "text": text,
            "id": number,
            "label": [dict(r["value"].items()) for r in result(text, spans)],
            "annotator": 1,
            "annotation_id": number,
            "created_at": "2024-01-01T00:00:00Z",
            "lead_time": 1.5,
        }
        for number, (text, spans, _) in enumerate(BOTH, 1)
    ]


def objects(spans, text):
    return [{"id": 5 + start, "label": label, "start_offset": start, "end_offset": end} for start, end, label in spans]


def columns(template, between="\n"):
    return between.join("".join(template.format(c=c, tag=tag) for c, tag in zip(text, tags)) for text, _, tags in BOTH)


def brat_ann():
    place, found = 0, []
    for text, spans, _ in BOTH:
        found += [(place + start, place + end, label, text[start:end]) for start, end, label in spans]
        place += len(text) + 2
    return "".join(f"T{number}\t{label} {start} {end}\t{name}\n" for number, (start, end, label, name) in enumerate(found, 1))


_CLUENER = [
    {
        "text": text,
        "label": {
            label: {text[start:end]: [[start, end - 1]]} for label in {s[2] for s in spans} for start, end, own in spans if own == label
        },
    }
    for text, spans, _ in BOTH
]
_CSV_QUOTE = '"{}"'.format

# name → (file, contents, other files, whether all of the file comes back when the same format is written)
SAMPLES = {
    "doccano": (
        "train.jsonl",
        lines(*({"id": n, "text": t, "label": [list(x) for x in s], "Comments": []} for n, (t, s, _) in enumerate(BOTH))),
        {},
    ),
    "doccano-labels": ("train.jsonl", lines(*({"text": t, "labels": [list(x) for x in s]} for t, s, _ in BOTH)), {}),
    "doccano-relation": (
        "train.jsonl",
        lines(*({"id": 1, "text": t, "entities": objects(s, t), "relations": [], "Comments": []} for t, s, _ in BOTH)),
        {},
    ),
    "doccano-json": ("train.json", dump([{"id": n, "text": t, "label": [list(x) for x in s]} for n, (t, s, _) in enumerate(BOTH)]), {}),
    "cluener": ("train.json", lines(*_CLUENER), {}),
    "label-studio": ("train.json", dump(tasks()), {}),
    "label-studio-indented": ("train.json", json.dumps(tasks(), ensure_ascii=False, indent=2), {}),
    "label-studio-min": ("train.json", dump(short_tasks()), {}),
    "label-studio-csv": (
        "train.csv",
        "annotation_id,annotator,created_at,id,label,lead_time,text,updated_at\n"
        + "".join(
            f"1,1,2024,{n}," + _CSV_QUOTE(dump(v["label"]).replace('"', '""')) + f",1.5,{v['text']},2024\n"
            for n, v in enumerate(short_tasks())
        ),
        {},
    ),
    "label-studio-conll": ("train.conll", "-DOCSTART- -X- O\n" + columns("{c} -X- _ {tag}\n") + "\n", {}),
    "brat": ("train.ann", brat_ann(), {"train.txt": f"{TEXT}\n\n{NEXT}\n"}),
    "huggingface": ("train.jsonl", lines(*({"id": str(n), "tokens": list(t), "ner_tags": g} for n, (t, _, g) in enumerate(BOTH))), {}),
    "huggingface-numbers": (
        "train.jsonl",
        lines(*({"id": "0", "tokens": list(t), "ner_tags": [sorted({*TAGS, *NEXT_TAGS}).index(tag) for tag in g]} for t, _, g in BOTH)),
        {
            "dataset_info.json": dump(
                {"features": {"ner_tags": {"feature": {"names": sorted({*TAGS, *NEXT_TAGS}), "_type": "ClassLabel"}, "_type": "Sequence"}}}
            )
        },
    ),
    "csv-tokens": (
        "train.csv",
        "Sentence #,Word,POS,Tag\n"
        + "".join(
            f"{f'Sentence: {n}' if not i else ''},{c},NN,{tag}\n"
            for n, (t, _, g) in enumerate(BOTH)
            for i, (c, tag) in enumerate(zip(t, g))
        ),
        {},
    ),
    "csv-blank-lines": ("train.csv", "token,tag\n" + columns("{c},{tag}\n"), {}),
    "csv-tags": ("train.csv", "text;labels\n" + "".join(f"{t};{' '.join(g)}\n" for t, _, g in BOTH), {}),
    "csv-entity-rows": (
        "train.csv",
        "id,text,start,end,label\n" + "".join(f"{n},{t},{a},{b},{label}\n" for n, (t, s, _) in enumerate(BOTH) for a, b, label in s),
        {},
    ),
    "tsv-tokens": (
        "train.tsv",
        "sentence_id\tword\ttag\n" + "".join(f"{n}\t{c}\t{tag}\n" for n, (t, _, g) in enumerate(BOTH) for c, tag in zip(t, g)),
        {},
    ),
    "paddle": ("train.tsv", "text_a\tlabel\n" + "".join("\x02".join(t) + "\t" + "\x02".join(g) + "\n" for t, _, g in BOTH), {}),
    "paddle-bare": ("train.txt", "".join("\x02".join(t) + "\t" + "\x02".join(g) + "\n" for t, _, g in BOTH), {}),
    "msra-words": ("train.txt", "王明/PER 在/o 北京大学/ORG ，/o 😀/X 。/o\n李华/PER 去/o 上海/LOC\n", {}),
    "columns": ("train.txt", columns("{c}\t{tag}\n"), {}),
    "columns-spaces": ("train.txt", columns("{c} {tag}\n"), {}),
}


def write(directory, name):
    """Write a sample into a directory; returns its path."""
    file, contents, others = SAMPLES[name]
    for other, own in {file: contents, **others}.items():
        (directory / other).write_bytes(own.encode())
    return directory / file
