"""Connections: uvicorn's protocol with limits on how long and how large a request may come in."""

import json
from http import HTTPStatus

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

# Of the request line and the headers.
MAX_HEADER_BYTES = 64 << 10
# In the scope of a request that came over a connection too many.
TOO_MANY = "albert_ner.too_many_connections"


def limited_protocol(receive_timeout: float, max_connections: int, log):
    """A class of connections that give a request ``receive_timeout`` seconds to come in.

    Args:
      receive_timeout: in seconds, from a connection's beginning or a request's first byte to its last.
      max_connections: of all connections; requests of those beyond have ``TOO_MANY`` in their scope.
      log: an ``ner.server.access.Log``.
    """

    class Connection(HttpToolsProtocol):
        """A client's connection."""

        _timer = None
        _too_many = False
        _header_bytes = 0
        _reading_headers = True

        def connection_made(self, transport):
            """Wait for the first request, not for ever."""
            super().connection_made(transport)
            self._too_many = len(self.connections) > max_connections
            self._await_request()

        def connection_lost(self, exc):
            """Forget it."""
            self._stop_timer()
            super().connection_lost(exc)

        def data_received(self, data):
            """Read; headers that have no end are not kept."""
            if self._reading_headers:
                self._await_request()
                self._header_bytes += len(data)
            super().data_received(data)
            if self._reading_headers and self._header_bytes > MAX_HEADER_BYTES and not self.transport.is_closing():
                self._refuse(431, f"found headers of more than {MAX_HEADER_BYTES:,} bytes, expected fewer")

        def on_message_begin(self):
            """A request begins."""
            super().on_message_begin()
            if self._too_many:
                self.scope[TOO_MANY] = True
            self._await_request()

        def on_headers_complete(self):
            """Its headers are there."""
            self._reading_headers, self._header_bytes = False, 0
            super().on_headers_complete()

        def on_message_complete(self):
            """All of it is there."""
            self._reading_headers = True
            self._stop_timer()
            super().on_message_complete()

        def send_400_response(self, msg):
            """Refuse what is not HTTP."""
            self._refuse(400, "found a request that is not HTTP, expected HTTP/1.1")

        def timeout_keep_alive_handler(self):
            """Close a connection without requests; a client that does not read its answers is not waited for."""
            if self.transport.get_write_buffer_size():
                self.transport.abort()
            super().timeout_keep_alive_handler()

        def _await_request(self):
            if self._timer is None:
                self._timer = self.loop.call_later(receive_timeout, self._give_up)

        def _stop_timer(self):
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None

        def _give_up(self):
            self._timer = None
            if self.transport.is_closing():
                return
            if self.flow.read_paused:  # it is the server that does not read
                self._await_request()
                return
            # A connection for later, as browsers open them; or a request that was answered without its body.
            silent = not self._header_bytes if self._reading_headers else self.cycle.response_started
            if silent:
                self.transport.close()
            else:
                self._refuse(408, f"found no whole request within {receive_timeout:g} s, expected one")

        def _refuse(self, status, message):
            body = json.dumps({"error": message}).encode()
            head = (
                f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\nContent-Type: application/json\r\n"
                f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
            )
            self.transport.write(head.encode() + body)
            self.transport.close()
            log.request(method=None, path=None, status=status, client=(self.client or ("",))[0])

    return Connection
