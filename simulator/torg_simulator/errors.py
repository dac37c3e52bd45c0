"""The Graph API's errors: one shape for all, told by code and subcode."""

import itertools
from typing import Any

_trace = itertools.count(1)


class GraphError(Exception):
    """Answered as `{"error": …}`. `code` and `subcode` decide; the HTTP status says little."""

    def __init__(
        self,
        code: int,
        message: str,
        *,
        subcode: int | None = None,
        status: int = 400,
        kind: str = "OAuthException",
        transient: bool | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.subcode = subcode
        self.status = status
        self.kind = kind
        self.transient = transient

    def body(self) -> dict[str, Any]:
        error: dict[str, Any] = {"message": str(self), "type": self.kind, "code": self.code}
        if self.subcode is not None:
            error["error_subcode"] = self.subcode
        if self.transient is not None:
            error["is_transient"] = self.transient
        return {"error": {**error, "fbtrace_id": f"Asim{next(_trace):019d}"}}


def object_gone(object_id: str, verb: str = "get") -> GraphError:
    return GraphError(
        100,
        f"Unsupported {verb} request. Object with ID '{object_id}' does not exist, cannot be loaded due to missing "
        "permissions, or does not support this operation",
        subcode=33,
        kind="GraphMethodException",
    )


def service_unavailable() -> GraphError:
    return GraphError(
        2, "An unexpected error has occurred. Please retry your request later.", status=500, transient=True
    )


def response_format() -> GraphError:
    return GraphError(20, "(#20) The response format is not supported", subcode=1772107)


def expired_token() -> GraphError:
    return GraphError(190, "Error validating access token: Session has expired.", subcode=463)


def throttled() -> GraphError:
    return GraphError(32, "(#32) Page request limit reached", status=429)


DOCUMENTED = {
    1: "An unknown error occurred",
    2: "Service temporarily unavailable",
    4: "(#4) Application request limit reached",
    10: "(#10) Application does not have permission for this action",
    17: "(#17) User request limit reached",
    20: "(#20) The response format is not supported",
    32: "(#32) Page request limit reached",
    100: "(#100) Invalid parameter",
    102: "Session key invalid or no longer valid",
    190: "Invalid OAuth access token.",
    200: "(#200) Permissions error",
    368: "(#368) The action attempted has been deemed abusive or is otherwise disallowed",
    506: "(#506) Duplicate status message",
    613: "(#613) Calls to this api have exceeded the rate limit.",
}
