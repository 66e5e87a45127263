"""The application: paths, errors, access."""

import asyncio
import traceback
from typing import Optional

from fastapi import FastAPI, Request, Response
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware

import albert
from ner.server import plain, tensorflow_serving
from ner.server.access import Access, Log
from ner.server.answers import json_response
from ner.server.errors import HttpError
from ner.server.service import Service

_ABOUT = "Named entities in texts: `POST /tag`, and the REST interface of TensorFlow Serving."
_APOLOGY = {"error": "found a bug of the server, expected none; its log has more"}


def make_app(service: Service, log: Log, token: Optional[str] = None):
    """The ASGI application of a service.

    Args:
      service: what answers.
      log: gets a line for each request.
      token: what requests have to bring, or None.
    """
    # An interactive page for the interface would load its scripts from elsewhere.
    app = FastAPI(title="albert-ner", version=albert.__version__, description=_ABOUT, docs_url=None, redoc_url=None, redirect_slashes=False)
    app.add_exception_handler(HttpError, _refuse)
    app.add_exception_handler(HTTPException, _refuse_path)
    app.add_exception_handler(Exception, _apologize)
    own, published, health = plain.router(service), tensorflow_serving.router(service), plain.open_router(service)
    for router in (own, published, health):
        app.include_router(router)
    origins = list(service.settings.cors_origins)
    if origins:
        app.add_middleware(
            CORSMiddleware, allow_origins=origins, allow_methods=["GET", "POST"], allow_headers=["Authorization", "Content-Type"]
        )
        inner = app
    else:
        inner = _Direct(app, [*own.routes, *published.routes], service.settings.name)
    return Access(_Guard(inner, log), service.metrics, log, token, frozenset(route.path for route in health.routes))


async def _refuse(_: Request, error: HttpError) -> Response:
    return json_response({"error": error.message}, error.status, error.headers)


async def _refuse_path(request: Request, error: HTTPException) -> Response:
    method, path = request.method, ascii(request.url.path[:80])
    if error.status_code == 405:
        message = f"found the method {method}, expected {(error.headers or {}).get('Allow', 'another')}"
    else:
        message = f"Malformed request: {method} {path}: no such path"
    return json_response({"error": message}, error.status_code, error.headers)


async def _apologize(_: Request, error: Exception) -> Response:
    return json_response(_APOLOGY, 500)


class _Direct:
    """ASGI middleware: the paths that are asked often are answered without FastAPI's layers.

    Those take three quarters of the processor time that a request costs beside its tagging.
    """

    def __init__(self, app, routes, name):
        self._app = app
        self._routes = {}
        for route in routes:
            if route.path == "/tag":
                self._routes[route.path] = route, {}
            elif route.path == "/v1/models/{name}:predict":
                self._routes[route.path.replace("{name}", name)] = route, {"name": name}

    async def __call__(self, scope, receive, send):
        route, values = self._routes.get(scope["path"], (None, None)) if scope["method"] == "POST" else (None, None)
        if route is None:
            await self._app(scope, receive, send)
            return
        scope["route"] = route
        request = Request(scope, receive)
        try:
            response = await route.endpoint(request, **values)
        except HttpError as e:
            response = await _refuse(request, e)
        await response(scope, receive, send)


class _Guard:
    """ASGI middleware: a bug is an answer of 500 and a traceback in the log, and no more."""

    def __init__(self, app, log):
        self._app, self._log = app, log

    async def __call__(self, scope, receive, send):
        started = False

        async def noting_send(message):
            nonlocal started
            started = True
            await send(message)

        try:
            await self._app(scope, receive, noting_send)
        except asyncio.CancelledError:  # the server stops, and its patience is over
            if not started:
                await json_response({"error": "found the server stopping, expected another one to be asked"}, 503)(scope, receive, send)
        except Exception as e:
            # The message of an exception may hold a text; the places do not.
            places = "".join(traceback.format_tb(e.__traceback__))
            self._log.event(f"{type(e).__name__} in the server:\n{places}", error=True)
            if not started:
                await json_response(_APOLOGY, 500)(scope, receive, send)
