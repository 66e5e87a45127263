"""Bodies of requests: as large as they may be, from clients that may be slow or leave."""

from fastapi import Request

from ner.server.errors import HttpError
from ner.server.settings import Limits

# A client that sends too much hears so when it has sent it: most do not listen before. Of more than this it is cut off.
_MOST_IGNORED = 64 << 20


async def read_body(request: Request, limits: Limits) -> bytes:
    """All bytes of a request's body.

    Raises:
      HttpError: it is larger than it may be, compressed, or was not sent to its end.
    """
    if request.headers.get("content-encoding", "identity") != "identity":
        raise HttpError(415, f"found the Content-Encoding {request.headers['content-encoding'][:80]!r}, expected none", close=True)
    parts, size = [], 0
    while True:
        message = await request.receive()
        if message["type"] == "http.disconnect":
            raise HttpError(400, "found a body that breaks off, expected all of it", close=True)
        part = message.get("body", b"")
        size += len(part)
        if size <= limits.max_body:
            parts.append(part)
        if not message.get("more_body"):
            break
        if size > limits.max_body + _MOST_IGNORED:
            break
    if size > limits.max_body:
        raise HttpError(413, f"found a body of more than {limits.max_body:,} bytes, expected at most as many", close=True)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def gone(request: Request):
    """Coroutine function that returns when the client of a request whose body was read has left."""

    async def wait():
        while (await request.receive())["type"] != "http.disconnect":
            pass

    return wait
