"""A cache, a registry and a loopback server for each test; nothing of the machine's own is read or written."""

import pytest

from albert.hub import download as downloading
from albert.hub import huggingface, resolving
from tests.albert.hub import loopback, stand_ins


@pytest.fixture(name="server")
def _server(tmp_path, monkeypatch):
    for name in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HF_TOKEN", "http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with loopback.serve() as server:
        stand_ins.write_registry(tmp_path / "registry.json")
        monkeypatch.setenv("ALBERT_NER_REGISTRY", str(tmp_path / "registry.json"))
        monkeypatch.setenv("ALBERT_NER_CACHE", str(tmp_path / "cache"))
        monkeypatch.setenv("ALBERT_NER_MIRROR", server.address)
        monkeypatch.setenv("HF_ENDPOINT", server.address)
        # Read by the library when it was imported; in this process perhaps before.
        monkeypatch.setenv("HF_HOME", str(tmp_path / "huggingface"))
        monkeypatch.setattr(huggingface, "_PAUSE", 0.0)
        huggingface._library()
        monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "huggingface" / "hub"))
        monkeypatch.setattr(downloading, "_PAUSE", 0.0)
        monkeypatch.setattr(downloading, "_CHUNK", 500)
        resolving._tell.cache_clear()
        yield server


@pytest.fixture(name="cache")
def _cache(tmp_path):
    return tmp_path / "cache"
