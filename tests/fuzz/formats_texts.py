"""Files of texts: labelled data in its formats, lists of terms and words, word vectors, records to tag, and servers' answers."""

import collections
import contextlib
import json
import os

from tests.fuzz.harness import Format
from tests.fuzz.mutate import mutate_bytes, mutate_json, mutate_lines, mutate_value

_TEXT = "王明在北京大学，😀。"
_TAGS = ("B-PER", "I-PER", "O", "B-LOC", "I-LOC", "B-ORG", "I-ORG", "O", "O", "O")
_SECOND = ("李华 X", ("B-PER", "I-PER", "O", "O"))


def formats():
    """All of them."""
    return [
        Format("columns", "train.txt", _column_files(), _read_labelled, mutate_lines),
        Format("json-lines", "train.json", _json_files(), _read_labelled, _mutate_json_lines),
        Format("terms", "terms.tsv", ("王明\tPER\n北京\tLOC\t2.5\r\n# x\n大学\t-\n".encode(),), _read_terms, mutate_lines),
        Format("words", "words.txt", ("长江\n大桥 37\n南京市 5 ns\n".encode(),), _read_words, mutate_lines),
        Format("lattice-words", "lexicon.txt", ("长江\n大桥\n南京市\n".encode(),), _read_lattice, mutate_lines),
        Format("vectors", "vectors.txt", ("3 2\n长江 0.5 -1e-3\n大桥\t2 3\n的 7 7\n".encode(),), _read_vectors, mutate_lines),
        Format("texts", "in.txt", ("王明\r\n\n北京\x00\u2028\n".encode(), _records()), _read_texts, mutate_lines),
        Format("records", "in.jsonl", (_records(),), _read_records, _mutate_json_lines),
        Format("rest-answer", "answer", (_rest_answer(),), _read_rest_answer, _mutate_rest_answer),
        Format("grpc-answer", "answer", (_grpc_answer(),), _read_grpc_answer, _mutate_grpc_answer),
    ]


def _rows(template, newline="\n"):
    sentences = ((_TEXT, _TAGS), _SECOND, (_TEXT * 2, _TAGS * 2))
    blocks = (
        "".join(template.format(c=c, tag=tag, i=i, place=i % 2) + newline for i, (c, tag) in enumerate(zip(text, tags)))
        for text, tags in sentences
    )
    return newline.join(blocks).encode()


def _column_files():
    templates = ("{c}\t{tag}", "{c} {tag}", "{i}\t{c}\tNN\t{tag}", "{c}{place}\t{tag}", "{tag}\t{c}", "{c}\t{tag}\t_")
    return (
        *map(_rows, templates),
        _rows("{c}\t{tag}", "\r"),
        b"-DOCSTART- -X- O\n" + _rows("{c} -X- _ {tag}"),
        b"\xef\xbb\xbf" + _rows("{c}\t{tag}") + b"\xef\xbb\xbf" + _rows("{c}\t{tag}", "\r\n"),
        _rows("{c}\t{tag}").replace(b"I-PER", b"E-PER").replace(b"I-LOC", b"E-LOC").replace(b"I-ORG", b"E-ORG"),
    )


def _json_files():
    named = [{"start": 0, "end": 2, "label": "PER", "text": "王明"}, {"start": 3, "end": 5, "label": "LOC", "text": "北京"}]
    moved = [{"start": 8, "end": 10, "label": "X", "text": "😀"}]
    objects = (
        {"text": _TEXT, "entities": named},
        {"text": _TEXT, "label": {"PER": {"王明": [[0, 1]]}, "LOC": {"北京": [[3, 4]]}}},
        {"id": 1, "text": _TEXT, "label": [[0, 2, "PER"], [3, 5, "LOC"]], "Comments": []},
        {"text": _TEXT, "labels": [[0, 2, "PER"]]},
        {"id": 1, "text": _TEXT, "entities": [{"id": 1, "label": "PER", "start_offset": 0, "end_offset": 2}], "relations": []},
        {"doc_id": 1, "text": _TEXT, "entities": [[0, 2, "PER"]]},
        {"text": _TEXT, "entities": moved},
        {"text": "在" + _TEXT, "entities": [{"start": 3, "end": 9, "label": "PER", "text": "王明"}]},
    )
    lines = [json.dumps(value, ensure_ascii=False) for value in objects]
    return (*("\n".join([line] * 3).encode() for line in lines), "\n".join(lines).encode())


def _records():
    values = ({"id": 1.5, "text": _TEXT, "extra": [None]}, {"text": "", "n": {"a": 1}})
    return "\n".join(map(json.dumps, values)).encode()


def _mutate_json_lines(random, data, seeds):
    """A line's value changed, or lines as such."""
    if random.random() < 0.4:
        return mutate_lines(random, data, seeds)
    lines = data.split(b"\n")
    place = random.randrange(len(lines))
    lines[place] = mutate_json(random, lines[place], [line for seed in seeds for line in seed.split(b"\n")])
    return b"\n".join(lines)


def _read_labelled(directory):
    from ner.data.lint import lint, read_for_lint  # noqa: PLC0415
    from ner.data.readers import read_split  # noqa: PLC0415

    corpus, findings = read_for_lint(directory, "train")
    assert (corpus is None) == bool(findings)
    assert lint({} if corpus is None else {"train": corpus}, findings=findings).format()
    if corpus is not None:
        assert all(len(example.text) == len(example.tags) > 0 for example in corpus)
    read_split(directory, "train")


def _read_terms(directory):
    from ner.decoding.gazetteer import Gazetteer  # noqa: PLC0415

    gazetteer = Gazetteer.load(os.path.join(directory, "terms.tsv"))
    for term in gazetteer.terms:
        assert any(match.start == 0 and match.end == len(term.text) for match in gazetteer.matches(term.text))
    gazetteer.check(("LOC", "PER", "ORG"), 7)


def _read_words(directory):
    from ner.lattice.lexicon import WordLexicon  # noqa: PLC0415
    from ner.lattice.sources import read_words  # noqa: PLC0415

    WordLexicon.choose(read_words(os.path.join(directory, "words.txt")), ["长江大桥长江"], 4).match(["南京市长江大桥"])


def _read_lattice(directory):
    from ner.lattice.lexicon import WordLexicon  # noqa: PLC0415

    WordLexicon.read(os.path.join(directory, "lexicon.txt"), 2, 4).match(["南京市长江大桥"])


def _read_vectors(directory):
    from ner.lattice.vectors import read_vectors  # noqa: PLC0415

    read_vectors(os.path.join(directory, "vectors.txt"), lambda _: True, 2)


def _lines(directory, name, text_field):
    from albert.errors import UserError  # noqa: PLC0415
    from ner.tagging.text_input import parse_line, read_chunks  # noqa: PLC0415

    first = None
    for lines in read_chunks(os.path.join(directory, name)):
        for line in lines:
            try:
                yield parse_line(line, text_field, "entities" if text_field else None)
            except UserError as e:
                first = first or e
    if first:
        raise first


def _read_texts(directory):
    assert all(item.record is None for item in _lines(directory, "in.txt", None))


def _read_records(directory):
    from ner.long_text.joining import Piece  # noqa: PLC0415
    from ner.tagging.writers import find_writer  # noqa: PLC0415
    from ner.tagging.writers.base import WriterOptions  # noqa: PLC0415

    for item in _lines(directory, "in.jsonl", "text"):
        out = _Lines()
        writer = find_writer("jsonl")(out, WriterOptions(("LOC",), "entities"))
        writer.begin(item)
        writer.piece(item.text, Piece(0, ["O"] * len(item.text), [], True))
        writer.end()
        # What is written is JSON for anyone, and can be written.
        written = "".join(out.parts)
        assert json.loads(written, parse_constant=lambda name: 1 / 0)["entities"] == []
        assert written.encode("utf-8")


class _Lines:
    """A file that remembers."""

    def __init__(self):
        self.parts = []

    def write(self, text):
        """Remember."""
        self.parts.append(text)


_ROWS = [
    {
        "num_entities": 2,
        "entity_start": [0, 3],
        "entity_end": [2, 5],
        "entity_label": ["PER", "LOC"],
        "entity_score": [0.5, 1],
        "entity_text": ["王明", "北京"],
    },
    {"num_entities": 0, "entity_start": [0, 0], "entity_end": [0, 0], "entity_label": ["", ""], "entity_score": [0.0, 0.0]},
]
_TEXTS = [_TEXT, "X"]


def _rest_answer():
    body = json.dumps({"predictions": _ROWS}).encode()
    return b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)


def _mutate_rest_answer(random, data, seeds):
    """Other values, with the right length; or any byte of the answer, parts of other kinds among them."""
    if random.random() < 0.3:
        return mutate_bytes(random, data, seeds)
    head, body = data.split(b"\r\n\r\n", 1)
    if random.random() < 0.8:
        body = mutate_json(random, body, [seed.split(b"\r\n\r\n", 1)[1] for seed in seeds])
    length = random.choice((b"%d" % len(body),) * 6 + (b"-1", b"0", b"9" * 30, b"x", b"%d" % (len(body) + 7)))
    kind = random.randrange(8)
    if kind == 0:
        sizes = random.choice((b"%x" % len(body), b"-1", b"-5", b"F" * 15, b"", b"zz", b"%x;a=b" % len(body)))
        return b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + sizes + b"\r\n" + body + b"\r\n0\r\n\r\n"
    odd = (b"404 Not Found", b"503 Busy", b"100 Continue", b"999999999999", b"x", b"204 No", b"301 Moved")
    status = random.choice((b"200 OK",) * len(odd) + odd)
    lines = [b"HTTP/1.1 " + status, *head.split(b"\r\n")[1:-1]]
    if kind > 1:
        lines.append(b"Content-Length: " + length)
    if kind == 2:
        lines.append(random.choice((b"X" * 70_000, b": ", b"Connection: close", b"Content-Length: 3", b"Transfer-Encoding: gzip")))
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


class _Socket:
    """A connection on which a server sends given bytes and hangs up."""

    def __init__(self, data):
        self._data = data

    def makefile(self, mode, buffering=-1):
        """The bytes as a file; of the two that are asked for, the second reads."""
        import io  # noqa: PLC0415

        return io.BytesIO(self._data)

    def sendall(self, data):
        """Nothing."""

    def settimeout(self, seconds):
        """Nothing."""

    def close(self):
        """Nothing."""


def _check(tagged):
    for text, entities in zip(_TEXTS, tagged):
        place = 0
        for entity in entities:
            assert place <= entity.start < entity.end <= len(text)
            assert (entity.text, type(entity.label)) == (text[entity.start : entity.end], str)
            assert 0.0 <= entity.score <= 1.0
            place = entity.end


def _read_rest_answer(directory):
    from ner.serving_client.rest_client import RestClient  # noqa: PLC0415

    with open(os.path.join(directory, "answer"), "rb") as f:
        data = f.read()
    import http.client  # noqa: PLC0415

    client = RestClient("http://host:1", retries=0)
    connection = http.client.HTTPConnection("host:1")
    connection.connect = lambda: setattr(connection, "sock", _Socket(data))
    client._local.connection = connection
    _check(client.tag_batch(_TEXTS))


def _grpc_message():
    from ner.serving_client.answers import OUTPUTS  # noqa: PLC0415
    from ner.serving_client.messages import DT_FLOAT, DT_INT32, DT_STRING, PredictResponse  # noqa: PLC0415

    message = PredictResponse()
    kinds = collections.defaultdict(lambda: (DT_INT32, "int_val", int))
    kinds.update(entity_label=(DT_STRING, "string_val", str.encode), entity_score=(DT_FLOAT, "float_val", float))
    for name in OUTPUTS:
        dtype, field, convert = kinds[name]
        tensor = message.outputs.add(key=name).value
        tensor.dtype = dtype
        values = [row[name] for row in _ROWS]
        for size in (2,) if name == "num_entities" else (2, 2):
            tensor.tensor_shape.dim.add(size=size)
        getattr(tensor, field).extend(map(convert, values if name == "num_entities" else [v for row in values for v in row]))
    return message


def _grpc_answer():
    return _grpc_message().SerializeToString()


def _mutate_grpc_answer(random, data, seeds):
    """A field of a tensor changed; or any byte."""
    if random.random() < 0.4:
        return mutate_bytes(random, data, seeds)
    from ner.serving_client.messages import PredictResponse  # noqa: PLC0415

    message = PredictResponse.FromString(data)
    for _ in range(random.choice((1, 1, 2, 3))):
        output = random.choice(message.outputs)
        tensor, kind = output.value, random.randrange(7)
        fields = [field for field in (tensor.int_val, tensor.float_val, tensor.string_val) if len(field)]
        if kind == 0 and tensor.tensor_shape.dim:
            random.choice(tensor.tensor_shape.dim).size = random.choice((-1, 0, 1, 3, 1 << 31, 1 << 62, -(1 << 63)))
        elif kind == 1:
            tensor.tensor_shape.dim.add(size=random.choice((-1, 0, 1, 2, 1 << 40)))
        elif kind == 2:
            tensor.dtype = random.choice((0, 1, 2, 3, 7, 9, 10, 21, -1))
        elif kind == 3:
            tensor.tensor_content = random.randbytes(random.choice((1, 4, 8, 16)))
        elif kind == 4:
            output.key = random.choice(("", "x", "entity_start", "entity_label"))
        elif kind == 5 and fields:
            del random.choice(fields)[:]
        elif fields:
            field = random.choice(fields)
            value = mutate_value(random, field[0] if not isinstance(field[0], bytes) else field[0].decode("utf-8", "replace"))
            with contextlib.suppress(TypeError, ValueError):  # no value of this kind of field
                field[random.randrange(len(field))] = value.encode("utf-8", "surrogatepass") if isinstance(value, str) else value
    return message.SerializeToString()


def _read_grpc_answer(directory):
    from google.protobuf.message import DecodeError  # noqa: PLC0415

    from albert.errors import UserError  # noqa: PLC0415
    from ner.serving_client.grpc_client import GrpcClient  # noqa: PLC0415
    from ner.serving_client.messages import PredictResponse  # noqa: PLC0415

    with open(os.path.join(directory, "answer"), "rb") as f:
        data = f.read()
    with GrpcClient("host:1") as client:
        try:
            # gRPC does this, and answers for itself.
            response = PredictResponse.FromString(data)
        except DecodeError as e:
            raise UserError("no message") from e
        client._call = lambda request, timeout: response
        _check(client.tag_batch(_TEXTS))
