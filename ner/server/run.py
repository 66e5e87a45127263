"""The server's life: it loads, listens, and stops when it is told to."""

import ipaddress
import logging
import os
import signal
import socket
from collections.abc import Callable
from typing import Optional

import uvicorn

from albert.errors import FieldError
from ner.server.access import Log
from ner.server.app import make_app
from ner.server.connection import limited_protocol
from ner.server.models import Models
from ner.server.service import Service
from ner.server.settings import ServerSettings
from ner.tagging.protocol import TextPredictor

_MOST_TOKEN_BYTES = 4096


def serve(path: str, load: Callable[[str], TextPredictor], settings: ServerSettings, batch_size: int = 64) -> None:
    """Serve a model until SIGTERM or SIGINT; returns when everything that was accepted by then is answered.

    Args:
      path: the model, as for :class:`ner.server.models.Models`.
      load: function from a model's directory to its ``TextPredictor``.
      settings: the server's.
      batch_size: for a batch of as many texts no others are waited for.

    Raises:
      UserError: the address cannot be listened on, the token cannot be read, or the model cannot be loaded.
    """
    token = _read_token(settings.token_file)
    log = Log(requests=settings.access_log)
    # Before the model is loaded, which takes seconds; nobody is let in until it is.
    listener = _bind(settings.host, settings.port)
    with listener:
        service = Service(Models(path, load, settings.poll_seconds, log.event), settings, batch_size)
        try:
            _run(service, log, token, listener)
        finally:
            service.close()
    log.event("stopped")


def make_server(service: Service, log: Log, token: Optional[str] = None) -> uvicorn.Server:
    """The server of a service, to be run on a socket: ``run(sockets=[…])``.

    Args:
      service: what answers.
      log: gets a line for each request.
      token: what requests have to bring, or None.
    """
    limits = service.settings.limits
    config = uvicorn.Config(
        make_app(service, log, token),
        loop="asyncio",
        http=limited_protocol(limits.receive_timeout, limits.max_connections, log),
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=limits.idle_timeout,
        timeout_graceful_shutdown=limits.stop_timeout,
    )
    logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
    server = _Server(config, service)
    service.connections = lambda: len(server.server_state.connections)
    return server


def _run(service, log, token, listener):
    server = make_server(service, log, token)
    model = service.models.current
    # From here on nobody is refused; who comes before the server runs waits for it.
    listener.listen(server.config.backlog)
    host, port = listener.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    log.event(f"serving {model.path}, version {model.number}, at http://{shown}:{port}")
    if token is None and not _is_loopback(host):
        log.event("found no token_file: whoever reaches this address may ask", error=True)
    server.run(sockets=[listener])


class _Server(uvicorn.Server):
    """A server that ends without an error when a signal has told it to."""

    def __init__(self, config, service):
        super().__init__(config)
        self._service = service

    def handle_exit(self, sig, frame):
        """Stop when what was accepted is answered; at a second Ctrl-C at once."""
        self.force_exit = self.should_exit and sig == signal.SIGINT
        self._service.stopping = self.should_exit = True


def _bind(host, port):
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        listener = socket.socket(family, socket.SOCK_STREAM)
    except (OSError, UnicodeError) as e:
        raise FieldError("{host}: found {!r}, expected an address of this machine ({})", host, getattr(e, "strerror", None) or e) from e
    try:
        if os.name == "posix":
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
    except OSError as e:
        listener.close()
        raise FieldError("{port}: cannot listen on {} of {!r}: {}", port, host, e.strerror) from e
    return listener


def _is_loopback(host):
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _read_token(path: Optional[str]) -> Optional[str]:
    if path is None:
        return None
    try:
        with open(path, encoding="ascii") as f:
            token = f.read(_MOST_TOKEN_BYTES).strip()
    except (OSError, ValueError) as e:
        raise FieldError("{token_file}: cannot read {}: {}", path, getattr(e, "strerror", None) or "found other bytes than ASCII") from e
    if not token or any(c.isspace() for c in token):
        raise FieldError("{token_file}: found {} in {}, expected one line without spaces", "spaces" if token else "nothing", path)
    return token
