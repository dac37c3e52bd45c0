"""schemathesis over the OpenAPI document of every service: right and wrong requests, no fault of ours.

The requests are drawn first, always the same ones, and then sent as roles that may take the route. Half of the ids are
real, so that requests get past "no such thing".
"""

import contextlib
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from hypothesis.strategies import SearchStrategy
from schemathesis import Case, GenerationMode
from schemathesis.core.result import Ok
from torg_shared.auth import Role

from .running import Running
from .test_bad_input import told

pytestmark = pytest.mark.asyncio(loop_scope="module")
EXAMPLES = 6  # for each operation, of right and of wrong ones
AnyCase = Case[Any]


def drawn(document: Any) -> Iterator[AnyCase]:
    """Cases for every operation: the document's own rules kept, and broken."""
    for result in schemathesis.openapi.from_dict(document).get_all_operations():
        assert isinstance(result, Ok), result
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
            yield from _examples(result.ok().as_strategy(generation_mode=mode))


def _examples(strategy: SearchStrategy[AnyCase]) -> list[AnyCase]:
    cases: list[AnyCase] = []

    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],
    )
    @given(strategy)
    def keep(case: AnyCase) -> None:
        cases.append(case)

    with contextlib.suppress(Unsatisfiable):  # an operation without parameters has no rule that could be broken
        keep()
    return cases


def request_of(house: Running, case: AnyCase, route: str, role: Role | None, *, real: bool) -> dict[str, Any]:
    """What is sent: the path with drawn or real ids, our token, and headers as drawn where the document names them."""
    path = route.split(" ", 1)[1]
    for name, value in (case.path_parameters or {}).items():
        known = house.known.get(name)
        path = path.replace("{" + name + "}", known[0] if real and known else quote(str(value), safe=""))
    headers: dict[str, Any] = house.header(role) if role else {}
    for name, value in (case.headers or {}).items():
        if name.lower() not in {"authorization", "torg-role"} and "\n" not in str(value) and "\r" not in str(value):
            headers[name] = str(value).encode("utf-8", "replace")
    sent: dict[str, Any] = {"path": path, "headers": headers}
    if case.query:
        sent["params"] = {name: value for name, value in case.query.items() if isinstance(value, str | int | list)}
    if isinstance(case.body, bytes):
        sent["content"] = case.body
    elif not isinstance(case.body, type(schemathesis.core.NOT_SET)):
        sent["content"] = json.dumps(case.body, default=str).encode("utf-8", "replace")
    if "content" in sent:
        headers["Content-Type"] = "application/json"
    return sent


async def test_no_request_makes_a_fault_of_ours(house: Running) -> None:
    wrong, codes, count = [], set(), 0
    for number, case in enumerate(drawn(house.document)):
        route = f"{case.method.upper()} {case.path}"
        if route not in house.matrix:
            continue
        roles = sorted(house.matrix[route].roles)
        role = roles[number % len(roles)] if roles else None
        answer = await house.ask(route, **request_of(house, case, route, role, real=bool(number % 2)))
        count += 1
        declared = house.document["paths"][case.path][case.method.lower()]["responses"]
        if answer.status_code >= 500 or answer.status_code == 429:
            wrong.append((route, answer.status_code, str(answer.request.url), answer.request.content[:200]))
        elif answer.status_code >= 400:
            codes.add(told(answer, f"torg_{house.name}"))
        elif answer.status_code != 304 and str(answer.status_code) not in declared:
            wrong.append((route, answer.status_code, "a status that the document does not tell", b""))
    assert wrong == []
    assert count >= len(house.matrix) * EXAMPLES
    assert {"BODY_INVALID", "ROLE_FORBIDDEN"} & codes
