"""Clients against servers that answer wrongly, slowly, too much or never, and against addresses of other forms. Needs no TensorFlow."""

import base64
import http.server
import json
import socket
import threading
import time

import pytest

pytest.importorskip("grpc")

import ner
from ner.serving_client import GrpcClient, RestClient, ServingError
from ner.serving_client.answers import OUTPUTS
from ner.serving_client.base import Client, most_bytes
from ner.serving_client.messages import DT_FLOAT, DT_INT32, DT_STRING, PredictResponse, tensor_values

ROW = {"num_entities": 1, "entity_start": [0], "entity_end": [1], "entity_label": ["LOC"], "entity_score": [0.5]}


class _Answering(Client):
    """Has an answer without a server."""

    address = "here"

    def __init__(self, answer):
        super().__init__()
        self._answer = answer

    def _predict(self, texts, deadline):
        return self._answer


NAN, INFINITY = float("nan"), float("inf")


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ([ROW, ROW], "2 answers, expected 1 answers"),
        (3, "3, expected 1 answers"),
        (None, "None, expected 1 answers"),
        ({"a": ROW}, "{'a': {'num_entities': 1, .*, expected 1 answers"),
        ([7], "an answer 7, expected the outputs num_entities, entity_start, entity_end, entity_label, entity_score of an exported tagger"),
        ([[ROW]], r"an answer \[{.*, expected the outputs .*"),
        ([{**ROW, "num_entities": 2}], "num_entities 2 in a text of 1 characters, .*"),
        ([{**ROW, "num_entities": -1}], "num_entities -1 in .*"),
        ([{**ROW, "num_entities": None}], "num_entities None in .*"),
        ([{**ROW, "num_entities": True}], "num_entities True in .*"),
        ([{**ROW, "num_entities": 1.0}], "num_entities 1.0 in .*"),
        ([{**ROW, "num_entities": [1]}], r"num_entities \[1\] in .*"),
        ([{**ROW, "entity_start": ["0"]}], r"an entity at \['0', 1\) after 0 in a text of 1 characters, .*"),
        ([{**ROW, "entity_start": [None]}], r"an entity at \[None, 1\) .*"),
        ([{**ROW, "entity_start": [False]}], r"an entity at \[False, 1\) .*"),
        ([{**ROW, "entity_start": [-5]}], r"an entity at \[-5, 1\) .*"),
        ([{**ROW, "entity_start": [1]}], r"an entity at \[1, 1\) .*"),
        ([{**ROW, "entity_end": [10**9]}], r"an entity at \[0, 1000000000\) .*"),
        ([{**ROW, "entity_end": [10**5000]}], r"an entity at \[0, a int\) .*"),
        ([{**ROW, "entity_end": [0.9]}], r"an entity at \[0, 0.9\) .*"),
        ([{**ROW, "entity_end": []}], r"entity_end \[\] for 1 entities, .*"),
        ([{**ROW, "entity_end": "1"}], "entity_end '1' for 1 entities, .*"),
        ([{**ROW, "entity_label": [["LOC"]]}], r"a label \['LOC'\], .*"),
        ([{**ROW, "entity_label": [""]}], "a label '', .*"),
        ([{**ROW, "entity_label": [None]}], "a label None, .*"),
        ([{**ROW, "entity_score": [NAN]}], "a score nan, .*"),
        ([{**ROW, "entity_score": [7]}], "a score 7, .*"),
        ([{**ROW, "entity_score": [-0.1]}], "a score -0.1, .*"),
        ([{**ROW, "entity_score": [INFINITY]}], "a score inf, .*"),
        ([{**ROW, "entity_score": ["0.5"]}], "a score '0.5', .*"),
        ([{**ROW, "entity_score": [True]}], "a score True, .*"),
        ([{**ROW, "entity_score": 1}], "entity_score 1 for 1 entities, .*"),
        ([{name: value for name, value in ROW.items() if name != "entity_score"}], "no output entity_score among .*"),
    ],
)
def test_an_answer_of_another_form_is_one_line(answer, message):
    assert _Answering([ROW]).tag("京") == [ner.Entity(0, 1, "LOC", "京", 0.5)]
    with pytest.raises(ServingError, match=f"^here: found {message}$"):
        _Answering(answer).tag("京")


def test_deep_answers_and_padding():
    deep = []
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(ServingError, match="^here: found a label a list, expected"):
        _Answering([{**ROW, "entity_label": [deep]}]).tag("京")
    padded = {"num_entities": 1, "entity_start": [0, -1], "entity_end": [1, -1], "entity_label": ["X", ""], "entity_score": [1, 0.0]}
    assert _Answering([padded]).tag("京") == [ner.Entity(0, 1, "X", "京", 1.0)]


def test_entities_are_in_order_and_do_not_overlap():
    row = {"num_entities": 2, "entity_label": ["X", "Y"], "entity_score": [0.5, 0.5]}
    assert len(_Answering([{**row, "entity_start": [0, 2], "entity_end": [2, 3]}]).tag("北京的")) == 2
    for starts, ends in (([0, 1], [2, 3]), ([2, 0], [3, 2]), ([0, 0], [2, 2])):
        with pytest.raises(ServingError, match="after 2|after 3"):
            _Answering([{**row, "entity_start": starts, "entity_end": ends}]).tag("北京的")


def _tensor(dtype, shape, **values):
    tensor = PredictResponse().outputs.add(key="x").value
    tensor.dtype = dtype
    for size in shape:
        tensor.tensor_shape.dim.add(size=size)
    for name, value in values.items():
        getattr(tensor, name)[:] = value
    return tensor


def test_tensors_without_stored_values_are_zeros():
    assert tensor_values(_tensor(DT_INT32, [3])) == [0, 0, 0]
    assert tensor_values(_tensor(DT_FLOAT, [1, 2])) == [[0.0, 0.0]]
    assert tensor_values(_tensor(DT_STRING, [2])) == [b"", b""]
    assert tensor_values(_tensor(DT_INT32, [])) == 0
    assert tensor_values(_tensor(DT_INT32, [2, 0])) == [[], []]
    assert tensor_values(_tensor(DT_INT32, [3], int_val=[4, 5])) == [4, 5, 5]


@pytest.mark.parametrize("shape", [[-1], [1 << 62, 1 << 62], [1 << 40], [-(1 << 40), -(1 << 40)], [8], [1, 1, 1], [1 << 62, 0, 1], [-1, 0]])
@pytest.mark.parametrize("values", [[], [5]])
def test_tensors_of_impossible_shapes_are_refused(shape, values):
    with pytest.raises(ValueError, match="^found a tensor of shape"):
        tensor_values(_tensor(DT_INT32, shape, int_val=values), 7)


def test_a_grpc_answer_of_another_form_is_one_line(monkeypatch):
    with GrpcClient("localhost:8500") as client:
        response = PredictResponse()
        tensor = response.outputs.add(key="entity_label").value
        for values, shapes in (({"float_val": [0.5]}, ([], [1], [1, 1], [-1], [1 << 40])), ({"string_val": [b"\xff"]}, ([1, 1],))):
            for shape in shapes:
                tensor.CopyFrom(_tensor(DT_FLOAT if "float_val" in values else DT_STRING, shape, **values))
                monkeypatch.setattr(client, "_call", lambda request, timeout: response)
                with pytest.raises(
                    ServingError, match="^localhost:8500: model ner: found an answer of another form than an exported tagger's: "
                ):
                    client.tag("京")


def test_a_grpc_answer_of_zeros(monkeypatch):
    """All values of a text without entities are zeros, and may be left out."""
    response = PredictResponse()
    shapes = {"num_entities": (DT_INT32, [1]), "entity_label": (DT_STRING, [1, 0]), "entity_score": (DT_FLOAT, [1, 0])}
    for name in OUTPUTS:
        dtype, shape = shapes.get(name, (DT_INT32, [1, 0]))
        response.outputs.add(key=name).value.CopyFrom(_tensor(dtype, shape))
    with GrpcClient("localhost:8500") as client:
        monkeypatch.setattr(client, "_call", lambda request, timeout: response)
        assert client.tag("京") == []


@pytest.fixture(name="serve")
def _serve():
    """A function that starts a server which sends what an iterator of bytes gives, whatever is asked, and returns its port."""
    sockets = []

    def serve(answer):
        listening = socket.create_server(("127.0.0.1", 0))
        sockets.append(listening)

        def run():
            while True:
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return
                with connection:
                    try:
                        request = b""
                        while not request.endswith(b"]}"):
                            request += connection.recv(1 << 16)
                        for part in answer():
                            connection.sendall(part)
                    except OSError:
                        pass

        threading.Thread(target=run, daemon=True).start()
        return listening.getsockname()[1]

    yield serve
    for listening in sockets:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()


def _forever(start, part, pause=0.0):
    def answer():
        yield start
        while True:
            time.sleep(pause)
            yield part

    return answer


OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
LARGE = "found an answer of more than 1,049,576 bytes, expected fewer for such texts$"


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (_forever(OK + b"\r\n", b" " * 65536), LARGE),
        (_forever(CHUNKED, b"10000\r\n" + b" " * 65536 + b"\r\n"), LARGE),
        (_forever(CHUNKED + b"FFFFFFFFFFFFFF\r\n", b" " * 65536), LARGE),
        (_forever(CHUNKED + b"-1\r\n", b" " * 65536), LARGE),
        (_forever(OK + b"Content-Length: 1000000000000\r\n\r\n", b" " * 65536), LARGE),
        (_forever(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 999), LARGE),
        (_forever(OK + b"\r\n", b" ", 0.05), "no whole answer within 0.4 s$"),
        (_forever(b"", b"HTTP/1.1 100 Continue\r\n\r\n", 0.05), "no whole answer within 0.4 s$"),
        (_forever(OK, b"X: y\r\n", 0.01), "no whole answer within 0.4 s$"),
        (_forever(OK + b"\r\n", b" ", 5.0), "no answer within 0.2 s$"),
        (lambda: [CHUNKED + b"-5\r\nabc"], r"found an answer that is not HTTP \(.*\)$|gave up after 1 try$"),
        (lambda: [b"\x00\xff" * 99], "gave up after 1 try$"),
        (
            lambda: [OK + b"Content-Length: 9\r\n\r\n"],
            r"IncompleteRead: IncompleteRead\(0 bytes read, 9 more expected\); gave up after 1 try$",
        ),
        (lambda: [OK + b"Content-Length: 2\r\n\r\n[]"], r"HTTP 200: found a JSON list, not an object in b'\[\]'$"),
        (lambda: [OK + b"\r\n" + b"[" * 100_000], r"HTTP 200: found invalid JSON \(nested too deeply\) in b'\[+'$"),
        (
            lambda: [OK + b"\r\n" + b'{"predictions": ' + b"7" * 5000 + b"}"],
            r"found invalid JSON \(a number too long\) in |found a int, expected",
        ),
        (lambda: [OK + b'\r\n{"predictions": [{"num_entities": NaN}]}'], r"HTTP 200: found invalid JSON \(NaN\) in .*$"),
        (lambda: [OK + b'\r\n{"error": 3}'], "HTTP 200: found no 'predictions' in .*$"),
        (lambda: [b'HTTP/1.1 404 Not Found\r\n\r\n{"error": "a\\n\\u001b[31mb"}'], r"HTTP 404: a \[31mb$"),
        (lambda: [b"HTTP/1.1 400 Bad\r\n\r\n<html>"], r"HTTP 400: found invalid JSON \(.*\) in b'<html>'$"),
        (
            lambda: [b"HTTP/1.1 200 OK\r\n\r\n" + json.dumps({"predictions": [[1]]}).encode()],
            r"found an answer \[1\], expected the outputs .*$",
        ),
    ],
)
def test_a_rest_server_is_not_believed_and_not_waited_for(serve, answer, message):
    limits = {"timeout": 0.2, "total_timeout": 0.4} if "within" in message else {"timeout": 30}
    started = time.monotonic()
    with (
        RestClient(f"http://127.0.0.1:{serve(answer)}", **limits, retries=0) as client,
        pytest.raises(ServingError, match=message),
    ):
        client.tag("京")
    assert time.monotonic() - started < (3 if "within" in message else 30)


def test_the_time_in_all_includes_the_retries(serve):
    port = serve(lambda: [b"HTTP/1.1 503 Busy\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"])
    started = time.monotonic()
    with (
        RestClient(f"http://127.0.0.1:{port}", total_timeout=0.5, retries=10_000, backoff=0.01, max_backoff=0.05) as client,
        pytest.raises(ServingError, match="HTTP 503: b''; gave up after [0-9]+ tries$"),
    ):
        client.tag("京")
    assert 0.4 < time.monotonic() - started < 3


def test_answers_grow_with_the_texts():
    assert most_bytes([]) == most_bytes([""]) == 1 << 20
    assert most_bytes(["京" * 5] * 7) == (1 << 20) + 35_000
    assert most_bytes(["京" * 10**6] * 64) == 256 << 20


class _Echo(http.server.BaseHTTPRequestHandler):
    """Answers each text with one entity, keeps connections open and remembers what it was asked."""

    protocol_version = "HTTP/1.1"
    seen = []

    def do_POST(self):
        texts = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["instances"]
        _Echo.seen.append((self.path, self.headers["Authorization"], self.client_address))
        body = json.dumps({"predictions": [ROW for _ in texts]}, indent=4).encode()
        self.send_response(200)
        if "chunked" in self.path:
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            self.wfile.write(b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (body[:7], body[7:])) + b"0\r\n\r\n")
        else:
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    def log_message(self, *_):
        """Nothing."""


@pytest.fixture(name="echo")
def _echo():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Echo)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    _Echo.seen = []
    yield f"127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("model", ["ner", "chunked"])
def test_a_connection_stays_open(echo, model):
    with RestClient(f"http://{echo}", model) as client:
        for _ in range(5):
            assert client.tag_batch(["京", "北京"]) == [[ner.Entity(0, 1, "LOC", "京", 0.5)], [ner.Entity(0, 1, "LOC", "北", 0.5)]]
    assert len({address for _, _, address in _Echo.seen}) == 1


def test_a_user_and_password_go_along(echo):
    with RestClient(f"http://me:p%40ss@{echo}/proxy") as client:
        client.tag("京")
        assert "p@ss" not in client.address
        assert "p%40ss" not in client.address
    path, authorization, _ = _Echo.seen[0]
    assert path == "/proxy/v1/models/ner:predict"
    assert authorization == "Basic " + base64.b64encode(b"me:p@ss").decode()


@pytest.mark.parametrize(
    ("url", "options", "path"),
    [
        ("http://h:8501", {}, "/v1/models/ner:predict"),
        ("http://h:8501/", {"model": "m", "version": 3}, "/v1/models/m/versions/3:predict"),
        ("http://h:8501/v1/models/ner:predict", {}, "/v1/models/ner:predict"),
        ("http://h:8501/v1/models/other:predict", {}, "/v1/models/other:predict"),
        ("http://h:8501/v1/models/other:predict", {"model": "other"}, "/v1/models/other:predict"),
        ("http://h:8501/v1/models/a%20b:predict", {"model": "a b"}, "/v1/models/a%20b:predict"),
        ("http://h:8501/v1/models/ner/versions/7:predict", {}, "/v1/models/ner/versions/7:predict"),
        ("http://h:8501/v1/models/ner/versions/7:predict", {"version": 8}, "/v1/models/ner/versions/8:predict"),
        ("http://h:8501/v1/models/ner/labels/stable", {}, "/v1/models/ner/labels/stable:predict"),
        ("http://h:8501/v1/models/ner/", {}, "/v1/models/ner:predict"),
        ("http://h:8501/v1/models", {}, "/v1/models/ner:predict"),
        ("http://h:8501/v1", {"model": "m"}, "/v1/models/m:predict"),
        ("http://h:8501/a b/v1/models/x:predict", {}, "/a%20b/v1/models/x:predict"),
        ("https://h/tf", {}, "/tf/v1/models/ner:predict"),
        ("http://[::1]:8501/a b/", {"model": "m"}, "/a%20b/v1/models/m:predict"),
    ],
)
def test_addresses(url, options, path):
    address = RestClient(url, **options).address
    assert address.split("/", 3)[3] == path[1:]


@pytest.mark.parametrize(
    ("url", "message"),
    [
        *(
            (url, "found the URL '.*', expected http://host:port")
            for url in (
                "localhost:8501",
                "http://",
                "http://:8501",
                "http://[::1",
                "http://a?b",
                "http://a#b",
                "ftp://a",
                "http://a b:1",
                "",
            )
        ),
        *(
            (f"http://host:{port}", f"found the port '{port}' in the URL, expected 1 to 65535")
            for port in ("port", "0", "65536", "99999", "-1")
        ),
        (
            "http://h/v1/models/ner:classify",
            "found the path '/v1/models/ner:classify' in the URL, expected none, or …/v1/models/NAME:predict",
        ),
        (f"http://{'a' * 70}:1", "found the host 'a+' in the URL, which no host can be called; expected http://host:port"),
        ("ftp://me:secret@host", "found the URL 'ftp://…@host', expected http://host:port"),
    ],
)
def test_a_url_of_another_form_is_refused(url, message):
    with pytest.raises(ServingError, match=f"^{message}$"):
        RestClient(url)


def test_a_url_of_another_model_is_refused():
    with pytest.raises(ServingError, match="^found the model 'a' in the URL, expected 'b', as is asked for$"):
        RestClient("http://h/v1/models/a:predict", "b")


@pytest.mark.parametrize(
    "target", ["host:8500", "[::1]:8500", "127.0.0.1:1", "dns:///host:8500", "unix:/run/x", "ipv4:127.0.0.1:1,127.0.0.2:2"]
)
def test_grpc_targets(target):
    GrpcClient(target).close()


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("http://host:8500", r"found the target 'http://host:8500', expected host:port \(RestClient takes URLs\)"),
        ("host", "found the target 'host', expected host:port"),
        ("host:port", "found the target 'host:port', expected host:port"),
        ("host:8500/v1", "found the target 'host:8500/v1', expected host:port"),
        ("a@host:8500", "found the target 'a@host:8500', expected host:port"),
        ("host:65536", "found port 65536 in the target 'host:65536', expected 1 to 65535"),
        ("host:0", "found port 0 in the target 'host:0', expected 1 to 65535"),
        ("", "found the target '', expected host:port"),
    ],
)
def test_a_grpc_target_of_another_form_is_refused(target, message):
    with pytest.raises(ServingError, match=f"^{message}$"):
        GrpcClient(target)


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"batch_size": 0}, "batch_size: found 0, expected at least 1"),
        ({"batch_size": -3}, "batch_size: found -3, expected at least 1"),
        ({"retries": -1}, "retries: found -1, expected at least 0"),
        ({"backoff": -0.5}, "backoff: found -0.5, expected at least 0"),
        ({"timeout": 0}, "timeout: found 0, expected more than 0"),
        ({"total_timeout": -1}, "total_timeout: found -1, expected more than 0"),
    ],
)
def test_settings_out_of_range_are_refused(setting, message):
    for make in (lambda: GrpcClient("localhost:8500", **setting), lambda: RestClient("http://localhost:8501", **setting)):
        with pytest.raises(ServingError, match=f"^{message}$"):
            make()


def test_several_texts_are_not_one():
    with pytest.raises(TypeError, match="^tag_batch: found a single string, expected several; tag takes one$"):
        _Answering([]).tag_batch("京")
    with pytest.raises(TypeError, match="^text 1: found NoneType, expected str$"):
        _Answering([]).tag_batch(["京", None])
