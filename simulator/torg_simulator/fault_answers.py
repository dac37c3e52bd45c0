"""What a call that meets a fault script is answered."""

import functools
import gzip

import orjson
from starlette.responses import Response

from . import errors
from .answers import Cut, Hanging, Late, Reset, Trickled, json_response
from .behaviour import Fault
from .errors import GraphError

ERROR_PAGE = b"<!DOCTYPE html><html><head><title>Error</title></head><body><h1>Sorry, something went wrong.</h1></body>"


def answer_without_effect(fault: Fault) -> Response:  # noqa: PLR0911 - a table
    match fault.do:
        case "timeout":
            return Hanging(fault.hold_s)
        case "reset":
            return Reset()
        case "error_500":
            error = errors.service_unavailable()
        case "expired_token":
            error = errors.expired_token()
        case "rate_limited":
            minutes = -(-fault.retry_after_s // 60)
            usage = {"page": [{"type": "pages", "call_count": 100, "estimated_time_to_regain_access": minutes}]}
            response = json_response(429, errors.throttled().body())
            response.headers["retry-after"] = str(fault.retry_after_s)
            response.headers["x-business-use-case-usage"] = orjson.dumps(usage).decode()
            return response
        case "huge":
            return Response(b" " * 64 * 1024 * 1024, media_type="application/json")
        case "bomb":
            return Response(_bomb(), media_type="application/json", headers={"content-encoding": "gzip"})
        case "garbage":
            return Response(b'{"data": [NaN, \x00', media_type="application/json")
        case _:
            message = errors.DOCUMENTED.get(fault.code, "An error")
            error = GraphError(fault.code, message, subcode=fault.subcode, status=fault.status)
    return json_response(error.status, error.body())


def answer_after_effect(fault: Fault, response: Response) -> Response:  # noqa: PLR0911 - a table
    match fault.do:
        case "effect_then_timeout":
            return Hanging(fault.hold_s)
        case "effect_then_500":
            error = errors.service_unavailable()
            return json_response(error.status, error.body())
        case "effect_then_502":
            return Response(ERROR_PAGE, status_code=502, media_type="text/html")
        case "effect_then_400":
            return json_response(400, errors.response_format().body())
        case "reset_after_write":
            return Reset()
        case "effect_then_cut":
            return Cut(response)
        case "trickle":
            return Trickled(response, 1.0 if fault.delay_s is None else fault.delay_s)
        case _:
            return Late(response, 5.0 if fault.delay_s is None else fault.delay_s)


@functools.cache
def _bomb() -> bytes:
    return gzip.compress(b"\0" * 64 * 1024 * 1024)
