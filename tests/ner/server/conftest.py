"""A server for many tests."""

import pytest

from tests.ner.server.running import running


@pytest.fixture(name="server", scope="package")
def _server(tmp_path_factory):
    """A server of the toy."""
    with running(tmp_path_factory.mktemp("toy")) as server:
        yield server
