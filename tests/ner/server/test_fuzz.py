"""Requests of any kind."""

import pytest

from tests.ner.server.fuzz import fuzz


@pytest.mark.parametrize("count", [300, pytest.param(20_000, marks=pytest.mark.slow)])
def test_no_request_does_harm(count):
    outcomes, wrong = fuzz(count, seed=count)
    assert wrong == []
    assert outcomes["right"] == count // 5
    # It is no fuzz if all are refused for one reason.
    assert {"200", "400", "404", "405", "413", "422"} <= set(outcomes)
