"""Forms of bodies and answers, for ``/openapi.json``. Bodies are read by ``ner.server.questions``, whose errors name the place."""

from typing import Any, Optional, Union

from pydantic import BaseModel, ConfigDict, Field


class Term(BaseModel):
    """A term of a gazetteer."""

    model_config = ConfigDict(extra="forbid")
    text: str = Field(min_length=1, max_length=1000)
    label: str = Field(description="an entity type, or - for never")
    weight: float = Field(1000.0, gt=0, le=10_000, description="how far the model may overrule it")


class OneText(BaseModel):
    """A text, and terms for it."""

    model_config = ConfigDict(extra="forbid")
    text: str = Field(examples=["江苏省委书记到上海交通大学看望李明教授。"])
    gazetteer: Optional[list[Term]] = None


class Texts(BaseModel):
    """Several texts, and terms for them."""

    model_config = ConfigDict(extra="forbid")
    texts: list[str]
    gazetteer: Optional[list[Term]] = None


class TaggedEntity(BaseModel):
    """An entity; ``start`` and ``end`` count Unicode code points, the end is exclusive."""

    start: int
    end: int
    label: str
    text: str
    score: float = Field(ge=0, le=1, description="probability that exactly this span is an entity of this type")


class TaggedText(BaseModel):
    """A text with its entities in the order of their offsets."""

    text: str
    entities: list[TaggedEntity]


class Tagged(BaseModel):
    """Texts in the order of the request."""

    results: list[TaggedText]


class Bytes(BaseModel):
    """UTF-8 in base64."""

    b64: str


class Row(BaseModel):
    """A row's one input."""

    text: Union[str, Bytes]


class Rows(BaseModel):
    """TensorFlow Serving's row format."""

    instances: list[Union[str, Bytes, Row]]
    signature_name: str = "serving_default"


class Column(BaseModel):
    """The one input's column."""

    text: list[Union[str, Bytes]]


class Columns(BaseModel):
    """TensorFlow Serving's column format."""

    inputs: Union[list[Union[str, Bytes]], Column]
    signature_name: str = "serving_default"


class Prediction(BaseModel):
    """A text's outputs: those of ``serving_default``, padded to the text with most entities, or of ``tags``."""

    num_entities: Optional[int] = None
    entity_start: Optional[list[int]] = None
    entity_end: Optional[list[int]] = None
    entity_label: Optional[list[str]] = None
    entity_text: Optional[list[str]] = None
    entity_score: Optional[list[float]] = None
    tag: Optional[list[str]] = None
    length: Optional[int] = None


class Predictions(BaseModel):
    """The answer to the row format."""

    predictions: list[Prediction]


class ModelInfo(BaseModel):
    """Facts about the server that a page or a program may want to know first."""

    name: str
    version: int
    labels: list[str]
    gazetteer: bool = Field(description="whether a request may have one")
    max_texts: int
    max_characters: int
    max_body: int


class Error(BaseModel):
    """One line of why."""

    error: str


def _inline(*models: type[BaseModel]) -> dict[str, Any]:
    """JSON schema of any of some models, without references to elsewhere."""
    schemas = []
    for model in models:
        schema = model.model_json_schema()
        parts = schema.pop("$defs", {})
        schemas.append(_resolved(schema, parts))
    return schemas[0] if len(schemas) == 1 else {"oneOf": schemas}


def _resolved(value, parts):
    if isinstance(value, dict):
        if "$ref" in value:
            return _resolved(parts[value["$ref"].rpartition("/")[2]], parts)
        return {key: _resolved(item, parts) for key, item in value.items()}
    return [_resolved(item, parts) for item in value] if isinstance(value, list) else value


def _body(*models):
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": _inline(*models)}}}}


TAG_BODY = _body(OneText, Texts)
PREDICT_BODY = _body(Rows, Columns)
PREDICTIONS = {"model": Predictions, "description": "Rows; for the column format, `outputs` with a column each."}

_WHY = {
    400: "The body is not JSON, or of another form.",
    401: "The token is missing or wrong.",
    404: "There is no such model or version.",
    413: "The body is too large.",
    422: "There are too many texts or characters.",
    429: "Too much waits already; `Retry-After` says when to come back.",
    504: "The answer took too long.",
}


def errors(*statuses: int) -> dict[int, dict[str, Any]]:
    """Answers other than the one that was hoped for, for OpenAPI."""
    return {status: {"model": Error, "description": _WHY[status]} for status in statuses}
