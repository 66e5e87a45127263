"""Answers of the server as JSON."""

import json
from typing import Any, Optional

from fastapi import Response

_ENCODE = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False, check_circular=False).encode


def json_response(value: Any, status: int = 200, headers: Optional[dict] = None) -> Response:
    """A response of a value as JSON."""
    return Response(_ENCODE(value).encode(), status, headers, "application/json")
