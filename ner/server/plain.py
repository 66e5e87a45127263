"""The paths of the server's own: tagging, facts about it, its health, its metrics, its page."""

from importlib import resources

from fastapi import APIRouter, Request, Response

from ner.server.answers import json_response
from ner.server.body import gone, read_body
from ner.server.errors import HttpError
from ner.server.questions import read_tag_request
from ner.server.schemas import TAG_BODY, ModelInfo, Tagged, errors
from ner.server.service import Service

PAGE_FILES = {"index.html": "text/html", "page.css": "text/css", "page.js": "text/javascript", "words.js": "text/javascript"}
# The page loads nothing from elsewhere, and no other page can frame it.
_PAGE_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-cache",
}


def router(service: Service) -> APIRouter:
    """``/tag`` and ``/info``, which need the token if there is one."""
    routes = APIRouter(tags=["Tagging"])
    limits = service.settings.limits

    @routes.post("/tag", openapi_extra=TAG_BODY, responses={200: {"model": Tagged}, **errors(400, 413, 422, 429, 504)})
    async def tag(request: Request) -> Response:
        """Entities of a text, or of several."""
        asked = read_tag_request(await read_body(request, limits), limits)
        results = await service.answer(asked.texts, gazetteer=asked.gazetteer, gone=gone(request))
        return json_response(
            {"results": [{"text": text, "entities": [vars(e) for e in entities]} for text, entities in zip(asked.texts, results)]}
        )

    @routes.get("/info", responses={200: {"model": ModelInfo}})
    async def info() -> Response:
        """Facts about the server and its model."""
        current = service.models.current
        return json_response(
            {
                "name": service.settings.name,
                "version": current.number,
                "labels": list(current.predictor.tag_set.types),
                "gazetteer": current.predictor.takes_gazetteer,
                "max_texts": limits.max_texts,
                "max_characters": limits.max_characters,
                "max_body": limits.max_body,
            }
        )

    @routes.get("/metrics")
    async def metrics() -> Response:
        """Metrics for Prometheus."""
        page, kind = service.metrics.page()
        return Response(page, media_type=kind)

    return routes


def open_router(service: Service) -> APIRouter:
    """The health and the page, which need no token."""
    routes = APIRouter()

    @routes.get("/healthz", tags=["Health"])
    async def alive() -> Response:
        """That the server runs."""
        return json_response({"status": "ok"})

    @routes.get("/readyz", tags=["Health"])
    async def ready() -> Response:
        """That the server takes requests: its model is loaded, or it would not listen, and it has not been told to stop."""
        if service.stopping:
            raise HttpError(503, "found the server stopping, expected another one to be asked", close=True)
        return json_response({"status": "ok"})

    for name, kind in PAGE_FILES.items():
        path = "/" if name == "index.html" else f"/{name}"
        content = resources.files("ner.server").joinpath("page", name).read_bytes()
        routes.add_api_route(path, _file(content, kind), include_in_schema=False)
    return routes


def _file(content, kind):
    async def answer() -> Response:
        return Response(content, headers=_PAGE_HEADERS, media_type=kind)

    return answer
