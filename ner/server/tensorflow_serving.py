"""TensorFlow Serving's REST interface: its paths, its JSON, its words for what is wrong.

https://www.tensorflow.org/tfx/serving/api_rest
"""

from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter, Request, Response

from ner.entity import Entity
from ner.server.answers import json_response
from ner.server.body import gone, read_body
from ner.server.errors import HttpError
from ner.server.models import Version
from ner.server.questions import read_predict_request
from ner.server.schemas import PREDICT_BODY, PREDICTIONS, errors
from ner.server.service import Service

# Outputs of a signature with their TensorFlow types and ranks; inputs are strings [B].
_SIGNATURES = {
    "serving_default": {
        "num_entities": ("DT_INT32", 1),
        "entity_start": ("DT_INT32", 2),
        "entity_end": ("DT_INT32", 2),
        "entity_label": ("DT_STRING", 2),
        "entity_text": ("DT_STRING", 2),
        "entity_score": ("DT_FLOAT", 2),
    },
    "tags": {"tag": ("DT_STRING", 2), "length": ("DT_INT32", 1)},
}
# What stands in the columns after a text's own entities.
_PADDING = {"start": -1, "end": -1, "label": "", "text": "", "score": 0.0}


def router(service: Service) -> APIRouter:
    """The paths below ``/v1/models``."""
    routes = APIRouter(tags=["TensorFlow Serving"])
    settings = service.settings

    def version_of(name: str, number: str = "") -> Version:
        current = service.models.current
        if name != settings.name or number not in ("", str(current.number)):
            wanted = f"Specific({name}, {number})" if number else f"Latest({name})"
            raise HttpError(404, f"Servable not found for request: {wanted}; this server has {settings.name}, version {current.number}")
        return current

    async def predict(request: Request, name: str, number: str = "") -> Response:
        version = version_of(name, number)
        asked = read_predict_request(await read_body(request, settings.limits), settings.limits)
        results = await service.answer(asked.texts, version, asked.tags, gone=gone(request))
        columns = tag_columns(results) if asked.tags else entity_columns(results)
        if asked.rows:
            return json_response({"predictions": [dict(zip(columns, row)) for row in zip(*columns.values())]})
        return json_response({"outputs": columns})

    @routes.post(
        "/v1/models/{name}:predict", openapi_extra=PREDICT_BODY, responses={200: PREDICTIONS, **errors(400, 404, 413, 422, 429, 504)}
    )
    async def predict_newest(request: Request, name: str) -> Response:
        """Entities, or with the signature `tags` tags, of texts, in TensorFlow Serving's row or column format."""
        return await predict(request, name)

    @routes.post(
        "/v1/models/{name}/versions/{number}:predict",
        openapi_extra=PREDICT_BODY,
        responses={200: PREDICTIONS, **errors(400, 404, 413, 422, 429, 504)},
    )
    async def predict_version(request: Request, name: str, number: str) -> Response:
        """The same by a certain version."""
        return await predict(request, name, number)

    def status(name: str, number: str = "") -> Response:
        states = [state for state in service.models.states() if number in ("", str(state[0]))]
        if name != settings.name or not states:
            wanted = f"version {number} of model {name}" if number else f"any versions of model {name}"
            raise HttpError(404, f"Could not find {wanted}")
        return json_response({"model_version_status": [_status(*state) for state in states]})

    @routes.get("/v1/models/{name}", responses=errors(404))
    async def model_status(name: str) -> Response:
        """State of the model's versions."""
        return status(name)

    @routes.get("/v1/models/{name}/versions/{number}", responses=errors(404))
    async def version_status(name: str, number: str) -> Response:
        """State of a version."""
        return status(name, number)

    @routes.get("/v1/models/{name}/metadata", responses=errors(404))
    async def model_metadata(name: str) -> Response:
        """Signatures of the model."""
        return json_response(metadata(name, version_of(name).number))

    @routes.get("/v1/models/{name}/versions/{number}/metadata", responses=errors(404))
    async def version_metadata(name: str, number: str) -> Response:
        """Signatures of a version."""
        return json_response(metadata(name, version_of(name, number).number))

    return routes


def entity_columns(results: Sequence[Sequence[Entity]]) -> dict[str, list]:
    """The outputs of ``serving_default`` for B texts: lists [B], or [B, E] for as many entities as the text with most has, at least 1."""
    most = max(1, *map(len, results)) if results else 1
    columns: dict[str, list] = {"num_entities": list(map(len, results))}
    for key, padding in _PADDING.items():
        columns[f"entity_{key}"] = [[getattr(e, key) for e in entities] + [padding] * (most - len(entities)) for entities in results]
    return columns


def tag_columns(results: Sequence[Sequence[str]]) -> dict[str, list]:
    """The outputs of ``tags`` for B texts: lists [B, T] and [B] for as many tags as the longest text has, at least 1."""
    most = max(1, *map(len, results)) if results else 1
    return {"tag": [[*tags, *[""] * (most - len(tags))] for tags in results], "length": list(map(len, results))}


def metadata(name: str, number: int) -> dict[str, Any]:
    """The answer to ``/metadata``."""
    signatures = {
        signature: {
            "inputs": {"text": _tensor(f"{signature}_text:0", "DT_STRING", 1)},
            "outputs": {key: _tensor(key, *kind) for key, kind in outputs.items()},
            "method_name": "tensorflow/serving/predict",
            "defaults": {},
        }
        for signature, outputs in _SIGNATURES.items()
    }
    return {
        "model_spec": {"name": name, "signature_name": "", "version": str(number)},
        "metadata": {"signature_def": {"signature_def": signatures}},
    }


def _tensor(name, dtype, rank):
    shape = {"dim": [{"size": "-1", "name": ""} for _ in range(rank)], "unknown_rank": False}
    return {"dtype": dtype, "tensor_shape": shape, "name": name}


def _status(number, state, message):
    return {"version": str(number), "state": state, "status": {"error_code": "UNKNOWN" if message else "OK", "error_message": message}}
