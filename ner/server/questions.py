"""Texts from the bodies of requests, which are believed in nothing: everything is checked, and named where it does not fit."""

import base64
import binascii
from typing import Any, NamedTuple, Optional

from albert.errors import UserError
from albert.fields import shown
from albert.files import JsonError, parse_json
from ner.decoding.gazetteer import DEFAULT_WEIGHT, MAX_CHARACTERS, MAX_WEIGHT, Gazetteer, Term
from ner.server.errors import HttpError
from ner.server.settings import Limits

MAX_TERMS = 10_000
_SIGNATURES = ("serving_default", "tags")


class TagRequest(NamedTuple):
    """A body of ``POST /tag``.

    Attributes:
      texts: strings.
      gazetteer: terms for these texts, or None.
    """

    texts: list[str]
    gazetteer: Optional[Gazetteer]


class PredictRequest(NamedTuple):
    """A body of ``:predict``.

    Attributes:
      texts: strings.
      tags: whether the signature is ``tags``, not ``serving_default``.
      rows: whether the answer is a list of rows (``predictions``), not of columns (``outputs``).
    """

    texts: list[str]
    tags: bool
    rows: bool


def read_tag_request(body: bytes, limits: Limits) -> TagRequest:
    """The request of a body. Raises HttpError: it is none, or one beyond the limits."""
    value = _read_object(body, ("text", "texts", "gazetteer"))
    if ("text" in value) == ("texts" in value):
        found = "both" if "text" in value else f"keys {shown(list(value))}" if value else "an empty object"
        raise HttpError(400, f'found {found}, expected {{"text": "…"}} or {{"texts": ["…"]}}')
    if "text" in value:
        texts = [_text(value["text"], "text")]
    else:
        texts = [_text(text, f"texts[{i}]") for i, text in enumerate(_list(value["texts"], "texts", limits))]
    _check_characters(texts, limits)
    terms = value.get("gazetteer")
    return TagRequest(texts, None if terms is None else _gazetteer(terms, limits))


def read_predict_request(body: bytes, limits: Limits) -> PredictRequest:
    """The request of a body in TensorFlow Serving's row or column format. Raises HttpError: it is none, or one beyond the limits."""
    value = _read_object(body)
    signature = value.get("signature_name", "")
    if signature not in ("", *_SIGNATURES):
        raise HttpError(400, f"signature_name: found {shown(signature)}, expected one of {', '.join(_SIGNATURES)}")
    if ("instances" in value) == ("inputs" in value):
        found = "both" if "inputs" in value else f"keys {shown(list(value))}" if value else "an empty object"
        raise HttpError(400, f'found {found}, expected {{"instances": ["…"]}} or {{"inputs": ["…"]}}')
    if "instances" in value:
        rows = _list(value["instances"], "instances", limits)
        texts = [_input(row, f"instances[{i}]") for i, row in enumerate(rows)]
    else:
        column = value["inputs"]
        if isinstance(column, dict):
            column = _only(column, "inputs")
        texts = [_value(text, f"inputs[{i}]") for i, text in enumerate(_list(column, "inputs", limits))]
    _check_characters(texts, limits)
    return PredictRequest(texts, signature == "tags", "instances" in value)


def _read_object(body, known=None):
    try:
        value = parse_json(body)
    except JsonError as e:
        raise HttpError(400, f"found {e}, expected a JSON object") from e
    unknown = [key for key in value if key not in known] if known else []
    if unknown:
        raise HttpError(400, f"found the key {shown(unknown[0])}, expected {', '.join(known)}")
    return value


def _list(values, place, limits):
    if not isinstance(values, list):
        raise HttpError(400, f"{place}: found {_kind(values)}, expected a list of texts")
    if len(values) > limits.max_texts:
        raise HttpError(422, f"{place}: found {len(values):,} texts, expected at most {limits.max_texts:,} in a request")
    return values


def _text(value, place):
    if not isinstance(value, str):
        raise HttpError(400, f"{place}: found {_kind(value)}, expected a string")
    try:
        value.encode()
    except UnicodeEncodeError as e:
        raise HttpError(
            400, f"{place}: found half a surrogate pair, \\u{ord(value[e.start]):04x}, at character {e.start}, expected text"
        ) from e
    return value


def _input(row, place):
    """A row's text: the value, or an object of the input's name."""
    return _value(_only(row, place) if isinstance(row, dict) and list(row) != ["b64"] else row, place)


def _only(value, place):
    if list(value) != ["text"]:
        raise HttpError(400, f"{place}: found inputs {shown(list(value))}, expected text")
    return value["text"]


def _value(value, place):
    """A text, or the bytes of one in base64."""
    if not isinstance(value, dict):
        return _text(value, place)
    encoded = value.get("b64")
    if list(value) != ["b64"] or not isinstance(encoded, str):
        raise HttpError(400, f'{place}: found {shown(value)}, expected a string, or {{"b64": "…"}}')
    try:
        return base64.b64decode(encoded, validate=True).decode("utf-8", "replace")
    except (binascii.Error, ValueError) as e:
        raise HttpError(400, f"{place}: found {shown(encoded)}, expected base64") from e


def _check_characters(texts, limits):
    characters = sum(map(len, texts))
    if characters > limits.max_characters:
        raise HttpError(422, f"found {characters:,} characters, expected at most {limits.max_characters:,} in a request")


def _gazetteer(terms, limits):
    if not isinstance(terms, list):
        raise HttpError(400, f"gazetteer: found {_kind(terms)}, expected a list of terms")
    if len(terms) > MAX_TERMS:
        raise HttpError(422, f"gazetteer: found {len(terms):,} terms, expected at most {MAX_TERMS:,}")
    found = [_term(term, i) for i, term in enumerate(terms)]
    # Each character takes some hundreds of bytes in the gazetteer.
    characters = sum(len(term.text) for term in found)
    if characters > limits.max_characters:
        raise HttpError(422, f"gazetteer: found {characters:,} characters, expected at most {limits.max_characters:,}")
    return Gazetteer(found, "gazetteer") if found else None


def _term(term: Any, index: int) -> Term:
    place = f"gazetteer[{index}]"
    if not isinstance(term, dict) or not {"text", "label"} <= set(term) <= {"text", "label", "weight"}:
        raise HttpError(400, f'{place}: found {shown(term)}, expected {{"text": "…", "label": "…"}}, and "weight" if need be')
    text, label, weight = _text(term["text"], place), _text(term["label"], place), term.get("weight", DEFAULT_WEIGHT)
    if not 0 < len(text) <= MAX_CHARACTERS:
        raise HttpError(400, f"{place}: found a term of {len(text):,} characters, expected 1 to {MAX_CHARACTERS:,}")
    if not isinstance(weight, (int, float)) or isinstance(weight, bool) or not 0 < weight <= MAX_WEIGHT:
        raise HttpError(400, f"{place}: found the weight {shown(weight)}, expected a number above 0 and up to {MAX_WEIGHT:g}")
    return Term(text, label, float(weight), index + 1)


def check_gazetteer(predictor, gazetteer: Gazetteer) -> None:
    """Check that a predictor can use the terms of a request. Raises HttpError."""
    try:
        predictor.with_gazetteer(gazetteer)
    except UserError as e:
        raise HttpError(400, str(e)) from e


def _kind(value):
    if value is None:
        return "null"
    return {dict: "an object", list: "a list", str: "a string", bool: "a truth value"}.get(type(value), "a number")
