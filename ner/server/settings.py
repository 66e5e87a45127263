"""Settings of the server."""

import dataclasses
import re
from typing import Optional

from albert.errors import FieldError
from albert.fields import check_fields, setting

_NAME = re.compile(r"[A-Za-z0-9._-]+")


@dataclasses.dataclass(frozen=True)
class Limits:
    """Limits of what the server takes on.

    A request beyond one of its own is refused for good (413, 422); where it is the server that is full, later (429, 503).
    """

    max_body_mb: float = setting(16.0, "Megabytes of a request's body at most; more is answered with 413.", above=0)
    max_texts: int = setting(1024, "Texts of a request at most; more are answered with 422.", at_least=1)
    max_characters: int = setting(200_000, "Characters of a request's texts together at most; more are answered with 422.", at_least=1)
    max_queue: int = setting(
        1_000_000, "Characters that may wait for an answer; a request beyond them is answered with 429 and a time to wait.", at_least=1
    )
    max_connections: int = setting(900, "Connections at a time; one more is answered with 503.", at_least=1)
    receive_timeout: float = setting(30.0, "Seconds that a request may take to come in; a slower one is answered with 408.", above=0)
    answer_timeout: float = setting(60.0, "Seconds that an answer may take to be computed; a slower one becomes a 504.", above=0)
    idle_timeout: int = setting(60, "Seconds that a connection may stay open without a request.", at_least=1)
    stop_timeout: int = setting(30, "Seconds that requests which are being answered have, when the server is told to stop.", at_least=1)

    def __post_init__(self):
        check_fields(self)

    @property
    def max_body(self) -> int:
        """Bytes of a body at most."""
        return int(self.max_body_mb * (1 << 20))


@dataclasses.dataclass(frozen=True)
class ServerSettings:
    """Address, name and batches of the server, and who may ask it."""

    host: str = setting("127.0.0.1", "Address to listen on; 0.0.0.0 for all of this machine's.")
    port: int = setting(8501, "Port to listen on; 0 for any that is free.", at_least=0, at_most=65535)
    name: str = setting("ner", "Name of the model in the paths: /v1/models/NAME:predict.")
    batch_wait_ms: float = setting(
        10.0,
        "Milliseconds that the first request of a batch waits for others at most; not at all when each connection waits for its answer.",
        at_least=0,
        at_most=10_000,
    )
    poll_seconds: float = setting(1.0, "Seconds between two looks for a new version in the directory of the versions.", above=0)
    token_file: Optional[str] = setting(
        None, "File with a token, on one line, that every request has to bring (Authorization: Bearer TOKEN); by default none is needed."
    )
    cors_origins: tuple = setting(
        (), "Origins whose pages may ask this server from a browser, such as https://example.org; by default none."
    )
    access_log: bool = setting(True, "Write a line of JSON about each request, without its text, to standard error.")
    limits: Limits = Limits()

    def __post_init__(self):
        check_fields(self)
        if not _NAME.fullmatch(self.name):
            raise FieldError("{name}: found {!r}, expected letters, digits, dots, hyphens and underscores", self.name)
        for origin in self.cors_origins:
            if origin != "*" and not re.fullmatch(r"https?://[^/\s*]+", origin):
                raise FieldError("{cors_origins}: found {!r}, expected such as https://example.org, or *", origin)
