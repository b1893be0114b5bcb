"""Refusals and failures in the words of the OpenAI API: `{"error": {"message": ...}}`."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from visualcrop.errors import ModelError, PluginError, VisualcropError

_LOG = logging.getLogger("visualcrop.serve")
_LONGEST = 1000  # characters of a message, which may quote what was sent
_TYPES = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}


class RequestError(Exception):
    """A request that is not answered, as one sentence for who sent it."""

    def __init__(
        self,
        status: int,
        sentence: str,
        *,
        code: str,
        param: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(sentence)
        self.status, self.code, self.param = status, code, param
        self.headers = dict(headers or {})


def invalid(sentence: str, param: str | None = None, code: str = "invalid_value") -> RequestError:
    """The error of a field, *param*, that does not hold what it may."""
    return RequestError(400, sentence, code=code, param=param)


def explain(exc: BaseException) -> RequestError | None:
    """What a client is told of *exc*; none if it is a bug, of which only the log tells."""
    if isinstance(exc, RequestError):
        return exc
    if isinstance(exc, ModelError):
        return RequestError(500, str(exc), code="model_error")
    if isinstance(exc, VisualcropError) and not isinstance(exc, PluginError):
        return invalid(str(exc), code=_code(exc))
    return None


def failure(exc: BaseException) -> RequestError:
    """What a client is told of *exc*; of a bug the log has the traceback."""
    known = explain(exc)
    if known is None:
        _LOG.error("A request failed, and that is a bug.", exc_info=exc)
    return known or BUG


def _code(exc: VisualcropError) -> str:
    """`invalid_image` for an `ImageError`, and so on."""
    return f"invalid_{type(exc).__name__.removesuffix('Error').lower()}"


def error_body(exc: RequestError) -> dict[str, Any]:
    """The body of an error, or the last line of a stream that ends with it."""
    kind = "server_error" if exc.status >= 500 else _TYPES.get(exc.status, "invalid_request_error")
    message = str(exc)
    message = message if len(message) <= _LONGEST else f"{message[: _LONGEST - 3]}..."
    return {"error": {"message": message, "type": kind, "param": exc.param, "code": exc.code}}


BUG = RequestError(
    500, "The server has a bug; its log says more. Please report it.", code="internal_error"
)


class Json(Response):
    """A response of JSON in ASCII: whatever text it quotes, lone surrogates too, can be sent."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        return to_json(content).encode()


def to_json(content: Any) -> str:
    """One line of JSON; NaN and infinities are bugs."""
    return json.dumps(content, allow_nan=False, separators=(",", ":"))


def error_response(exc: RequestError) -> Response:
    """*exc* as a response, after which the connection of an unread body is closed."""
    headers = exc.headers if exc.status < 500 else {"Cache-Control": "no-store", **exc.headers}
    return Json(error_body(exc), exc.status, headers)
