"""Devices of a run, from the environment."""

import json

import pytest

from albert.errors import UserError
from albert.training import distribution

EXPECTED = 'expected {"cluster": {"worker": ["host:port", …]}, "task": {"type": "worker", "index": 0}}'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, f"distribution_strategy=multi_worker_mirrored requires TF_CONFIG: {EXPECTED}"),
        ("{", f"TF_CONFIG: found '{{'; {EXPECTED}"),
        ('{"cluster": {}}', f"TF_CONFIG: found '{{\"cluster\": {{}}}}'; {EXPECTED}"),
        (
            '{"cluster": {"worker": ["a:1"], "ps": ["b:1"]}, "task": {"type": "worker", "index": 0}}',
            "TF_CONFIG: found a task of type 'ps', expected chief and worker only",
        ),
        (
            '{"cluster": {"worker": ["a:1"]}, "task": {"type": "worker", "index": 1}}',
            "TF_CONFIG: found task worker 1, expected one of the cluster's 1",
        ),
    ],
)
def test_a_wrong_tf_config_is_one_line(text, message):
    with pytest.raises(UserError) as e:
        distribution.read_tf_config(text)
    assert str(e.value) == message


def test_a_chief_is_worker_0():
    cluster = {"chief": ["a:1"], "worker": ["b:1", "c:1"]}
    places = [
        distribution.read_tf_config(json.dumps({"cluster": cluster, "task": {"type": kind, "index": index}}))
        for kind, index in (("chief", 0), ("worker", 0), ("worker", 1))
    ]
    assert places == [(0, 3), (1, 3), (2, 3)]


def test_no_tpu_is_one_line(monkeypatch):
    monkeypatch.delenv("TPU_NAME", raising=False)
    with pytest.raises(UserError, match="^distribution_strategy=tpu: no TPU, set TPU_NAME to the name of one: "):
        distribution.create("tpu")
