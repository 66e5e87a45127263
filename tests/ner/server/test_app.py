"""Requests and their answers, right ones and wrong ones."""

import base64
import json

import pytest

from ner.server import schemas
from ner.server.settings import Limits
from tests.ner.server.running import running
from tests.ner.server.toy import entities_of

TEXT = "李明😀在京城\u0301李"
TEXTS = [TEXT, "", "沪上", "\x00京\u2028李明"]


def expected(text):
    """An entry of the answer to ``/tag``."""
    return {"text": text, "entities": [entity.to_dict() for entity in entities_of(text)]}


def test_tag(server):
    assert len(entities_of(TEXT)) == 3
    status, answer, headers = server.ask("POST", "/tag", {"text": TEXT})
    assert (status, answer) == (200, {"results": [expected(TEXT)]})
    assert headers["X-Content-Type-Options"] == "nosniff"
    status, answer, _ = server.ask("POST", "/tag", {"texts": TEXTS})
    assert (status, answer) == (200, {"results": [expected(text) for text in TEXTS]})
    schemas.Tagged.model_validate(answer, strict=True)
    assert server.ask("POST", "/tag", {"texts": []})[:2] == (200, {"results": []})
    # As curl -d sends it, and with a byte order mark.
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert server.ask("POST", "/tag", b'\xef\xbb\xbf{"text": "\xe4\xba\xac\xe5\x9f\x8e"}', form)[1] == {"results": [expected("京城")]}


def test_gazetteer_of_a_request(server):
    terms = [{"text": "在京", "label": "LOC"}, {"text": "京城", "label": "-", "weight": 3}]
    (found,) = server.ask("POST", "/tag", {"text": "李明在京城", "gazetteer": terms})[1]["results"]
    assert [(e["text"], e["label"]) for e in found["entities"]] == [("李明", "PER"), ("在京", "LOC")]
    assert server.ask("POST", "/tag", {"text": "京城", "gazetteer": []})[1] == {"results": [expected("京城")]}


def test_predict_as_tensorflow_serving(server):
    path = "/v1/models/ner:predict"
    encoded = {"b64": base64.b64encode("沪上".encode()).decode()}
    _, answer, _ = server.ask("POST", path, {"instances": [TEXT, {"text": ""}, encoded, {"text": encoded}]})
    schemas.Predictions.model_validate(answer, strict=True)
    rows = answer["predictions"]
    assert [row["num_entities"] for row in rows] == [3, 0, 1, 1]
    assert all(len(row[f"entity_{key}"]) == 3 for row in rows for key in ("start", "end", "label", "text", "score"))
    assert rows[1]["entity_start"] == [-1, -1, -1] and rows[1]["entity_label"] == ["", "", ""]
    assert rows[2] == rows[3] and rows[2]["entity_text"] == ["沪上", "", ""]
    for inputs in ([TEXT, ""], {"text": [TEXT, ""]}):
        columns = server.ask("POST", path, {"inputs": inputs})[1]["outputs"]
        assert columns == {key: [rows[0][key], rows[1][key]] for key in rows[0]}
    _, answer, _ = server.ask("POST", path, {"instances": ["李明在", ""], "signature_name": "tags"})
    assert answer == {"predictions": [{"tag": ["B-PER", "I-PER", "O"], "length": 3}, {"tag": ["", "", ""], "length": 0}]}
    assert server.ask("POST", path, {"instances": []})[1] == {"predictions": []}
    assert server.ask("POST", path, {"instances": [""]})[1]["predictions"][0]["entity_start"] == [-1]


def test_states_and_signatures(server):
    status = {"version": "1", "state": "AVAILABLE", "status": {"error_code": "OK", "error_message": ""}}
    for path in ("/v1/models/ner", "/v1/models/ner/versions/1"):
        assert server.ask("GET", path)[:2] == (200, {"model_version_status": [status]})
    metadata = server.ask("GET", "/v1/models/ner/metadata")[1]
    assert metadata["model_spec"] == {"name": "ner", "signature_name": "", "version": "1"}
    assert server.ask("GET", "/v1/models/ner/versions/1/metadata")[1] == metadata
    signatures = metadata["metadata"]["signature_def"]["signature_def"]
    row = server.ask("POST", "/v1/models/ner:predict", {"instances": ["京城"]})[1]["predictions"][0]
    assert list(signatures["serving_default"]["outputs"]) == list(row)
    assert server.ask("POST", "/v1/models/ner/versions/1:predict", {"instances": ["京城"]})[1]["predictions"] == [row]


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/v1/models/other:predict", "Servable not found for request: Latest(other)"),
        ("/v1/models/ner/versions/7:predict", "Servable not found for request: Specific(ner, 7)"),
        ("/v1/models/ner:classify", "Malformed request"),
        ("/v1/models/ner/labels/stable:predict", "Malformed request"),
        ("/%ff%00", "no such path"),
    ],
)
def test_paths_that_are_not_there(server, path, words):
    status, answer, _ = server.ask("POST", path, {"instances": ["京"]})
    assert status in (404, 405)
    assert words in answer["error"] or (status == 405 and "found the method POST" in answer["error"])


def test_methods(server):
    status, answer, headers = server.ask("GET", "/tag")
    assert (status, headers["Allow"]) == (405, "POST")
    assert answer["error"] == "found the method GET, expected POST"
    for path in ("/v1/models/other", "/v1/models/ner/versions/7", "/v1/models/other/metadata", "/nothing"):
        assert server.ask("GET", path)[0] == 404


BAD_BODIES = [
    (b"", 400, "invalid JSON"),
    (b"{", 400, "invalid JSON"),
    (b"[" * 100_000, 400, "nested too deeply"),
    (b'{"text": "\xff"}', 400, "not UTF-8"),
    (b'{"text": 1e999}', 400, "a number too large"),
    (b'{"text": NaN}', 400, "NaN"),
    (b"null", 400, "expected a JSON object"),
    ({}, 400, "an empty object"),
    ({"Text": "京"}, 400, "the key 'Text'"),
    ({"text": "京", "texts": []}, 400, "both"),
    ({"text": None}, 400, "text: found null, expected a string"),
    ({"text": ["京"]}, 400, "text: found a list"),
    ({"texts": "京"}, 400, "texts: found a string, expected a list"),
    ({"texts": {"0": "京"}}, 400, "texts: found an object"),
    ({"texts": ["京", 5]}, 400, "texts[1]: found a number"),
    ({"texts": ["京", True]}, 400, "texts[1]: found a truth value"),
    (b'{"texts": ["\xe4\xba\xac", "ab\\ud800"]}', 400, "texts[1]: found half a surrogate pair, \\ud800, at character 2"),
    ({"texts": ["京"] * 10_000}, 422, "found 10,000 texts, expected at most 1,024"),
    ({"text": "京" * 1_000_000}, 422, "found 1,000,000 characters, expected at most 200,000"),
    ({"text": "京", "gazetteer": "x"}, 400, "gazetteer: found a string"),
    ({"text": "京", "gazetteer": [{"text": "x"}]}, 400, "gazetteer[0]"),
    ({"text": "京", "gazetteer": [{"text": "", "label": "LOC"}]}, 400, "a term of 0 characters"),
    ({"text": "京", "gazetteer": [{"text": "x", "label": "LOC", "weight": -1}]}, 400, "the weight -1"),
    ({"text": "京", "gazetteer": [{"text": "x", "label": "LOCO"}]}, 400, "found type 'LOCO', expected one of LOC, PER"),
    ({"text": "京", "gazetteer": [{"text": "x", "label": "LOC"}] * 10_001}, 422, "10,001 terms"),
    ({"text": "京", "gazetteer": [{"text": "x" * 1000, "label": "LOC"}] * 201}, 422, "gazetteer: found 201,000 characters"),
]
BAD_PREDICTIONS = [
    ({}, 400, "an empty object"),
    ({"instances": ["京"], "inputs": ["京"]}, 400, "both"),
    ({"instances": None}, 400, "instances: found null"),
    ({"instances": [None]}, 400, "instances[0]: found null, expected a string"),
    ({"instances": [["京"]]}, 400, "instances[0]: found a list"),
    ({"instances": [{"texts": "京"}]}, 400, "instances[0]: found inputs ['texts'], expected text"),
    ({"instances": [{"b64": "%"}]}, 400, "expected base64"),
    ({"instances": [{"b64": 5}]}, 400, "expected a string"),
    ({"inputs": {"x": ["京"]}}, 400, "found inputs ['x'], expected text"),
    ({"inputs": "京"}, 400, "inputs: found a string"),
    ({"instances": ["京"], "signature_name": "classify"}, 400, "signature_name: found 'classify'"),
    ({"instances": ["京"], "signature_name": {}}, 400, "signature_name: found {}"),
    ({"instances": ["京"] * 1025}, 422, "found 1,025 texts"),
    ({"instances": ["京" * 100_001] * 2}, 422, "found 200,002 characters"),
]


@pytest.mark.parametrize(
    ("path", "body", "status", "words"),
    [*(("/tag", *bad) for bad in BAD_BODIES), *(("/v1/models/ner:predict", *bad) for bad in BAD_PREDICTIONS)],
    ids=str,
)
def test_bad_bodies(server, path, body, status, words):
    found, answer, _ = server.ask("POST", path, body)
    assert (found, list(answer)) == (status, ["error"])
    assert words in answer["error"] and "\n" not in answer["error"] and len(answer["error"]) < 500
    assert server.ask("POST", "/tag", {"text": "京城"})[0] == 200


def test_compressed_body(server):
    status, answer, _ = server.ask("POST", "/tag", b"\x1f\x8b", {"Content-Encoding": "gzip"})
    assert (status, answer["error"]) == (415, "found the Content-Encoding 'gzip', expected none")


def test_openapi(server):
    api = server.ask("GET", "/openapi.json")[1]
    assert "/tag" in api["paths"] and "/v1/models/{name}:predict" in api["paths"]
    references = {word for word in json.dumps(api).split('"') if word.startswith("#/")}
    assert {r.rpartition("/")[2] for r in references} <= set(api["components"]["schemas"])
    # No page that loads scripts from elsewhere.
    assert server.ask("GET", "/docs")[0] == server.ask("GET", "/redoc")[0] == 404


def test_page_and_its_files(server):
    for path, kind in (("/", "text/html"), ("/page.css", "text/css"), ("/page.js", "text/javascript"), ("/words.js", "text/javascript")):
        status, content, headers = server.ask("GET", path)
        assert (status, headers.get_content_type()) == (200, kind)
        assert b"http://" not in content and b"https://" not in content, "a resource from elsewhere"
    assert "default-src 'none'" in server.ask("GET", "/")[2]["Content-Security-Policy"]


def test_info(server):
    _, info, _ = server.ask("GET", "/info")
    limits = Limits()
    assert (
        info
        == schemas.ModelInfo(
            name="ner",
            version=1,
            labels=["LOC", "PER"],
            gazetteer=True,
            max_texts=limits.max_texts,
            max_characters=limits.max_characters,
            max_body=16 << 20,
        ).model_dump()
    )


def test_metrics(server):
    def value(name):
        lines = server.ask("GET", "/metrics")[1].decode().splitlines()
        return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith(name))

    names = (
        "albert_ner_texts_total",
        "albert_ner_characters_total",
        ':tensorflow:serving:request_count{model_name="ner",status="OK"}',
        ':tensorflow:serving:request_count{model_name="ner",status="INVALID_ARGUMENT"}',
        ':tensorflow:serving:request_latency_count{API="predict",entrypoint="REST",model_name="ner"}',
        'albert_ner_requests_total{path="/v1/models/{name}:predict",status="400"}',
    )
    before = list(map(value, names))
    server.ask("POST", "/v1/models/ner:predict", {"instances": ["京城", "李"]})
    server.ask("POST", "/v1/models/ner:predict", {"instances": [3]})
    assert [value(name) - b for name, b in zip(names, before)] == [2, 3, 1, 1, 2, 1]
    assert value("process_cpu_seconds_total") > 0


def test_the_log_has_no_text(server):
    secret = "京中机密"
    server.ask("POST", "/tag", {"text": secret})
    server.ask("POST", f"/tag?text={secret.encode().hex()}", b'{"text": "')
    server.ask("GET", f"/{secret.encode().hex()}")
    lines = server.logged()
    assert [line["path"] for line in lines[-3:]] == ["/tag", "/tag", None]
    assert {"time", "level", "method", "path", "status", "milliseconds", "bytes", "client"} == set(lines[-1])
    assert secret.encode().hex() not in server.log.getvalue()
    assert secret not in server.log.getvalue() and json.dumps(secret)[1:-1] not in server.log.getvalue()


def test_token(tmp_path):
    with running(tmp_path, token="s3cret") as server:
        body = {"text": "京城"}
        for path in ("/healthz", "/readyz", "/", "/page.js"):
            assert server.ask("GET", path)[0] == 200
        basic = base64.b64encode(b"anyone:s3cret").decode()
        for good in ("Bearer s3cret", "bearer  s3cret", f"Basic {basic}"):
            assert server.ask("POST", "/tag", body, {"Authorization": good})[0] == 200
        for bad in ("Bearer s3cre", "Bearer", "s3cret", "Basic s3cret", "Basic ÿ", f"Digest {basic}"):
            assert server.ask("POST", "/tag", body, {"Authorization": bad})[0] == 401
        for path in ("/metrics", "/info", "/v1/models/ner", "/nothing"):
            status, answer, headers = server.ask("GET", path)
            assert (status, headers["WWW-Authenticate"]) == (401, "Bearer")
            assert "expected the header Authorization" in answer["error"]
        assert "s3cret" not in server.log.getvalue()


def test_other_origins_are_not_let_in_unless_told(server, tmp_path):
    origin = {"Origin": "https://example.org", "Access-Control-Request-Method": "POST"}
    assert not [name for name in server.ask("POST", "/tag", {"text": "京"}, origin)[2] if name.lower().startswith("access-control")]
    with running(tmp_path, cors_origins=("https://example.org",), token="t") as open_server:
        status, _, headers = open_server.ask("OPTIONS", "/tag", headers=origin)
        assert (status, headers["Access-Control-Allow-Origin"]) == (200, "https://example.org")
        other = {**origin, "Origin": "https://example.com"}
        assert "Access-Control-Allow-Origin" not in open_server.ask("OPTIONS", "/tag", headers=other)[2]


def test_a_bug_is_500_and_the_server_stays(tmp_path):
    with running(tmp_path) as server:
        predictor = server.service.models.current.predictor

        def broken(texts):
            raise ZeroDivisionError(next(iter(texts)))

        predictor.pieces = broken
        status, answer, _ = server.ask("POST", "/tag", {"text": "京城"})
        assert (status, list(answer)) == (500, ["error"])
        del predictor.pieces
        assert server.ask("POST", "/tag", {"text": "京城"})[0] == 200
        (bug,) = [line for line in server.logged() if line["level"] == "error"]
        assert bug["message"].startswith("ZeroDivisionError in the server:\n") and "京城" not in bug["message"]
