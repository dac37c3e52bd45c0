"""The authorisation matrix is enforced on every route of every service, before anything is read or looked up."""

import importlib
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from torg_ops.issuer import Issuer, Persona
from torg_shared.auth import Matrix, Role
from torg_shared.web.standard import STANDARD_MATRIX

from .services import SERVICES, built

_OPEN = {"/openapi.json", "/docs", "/docs/oauth2-redirect", "/healthz", "/readyz", "/metrics"}


def matrix_of(service: str) -> Matrix:
    found: Matrix = importlib.import_module(f"torg_{service}.authorisation").MATRIX
    return {**STANDARD_MATRIX, **found}


@pytest.fixture(params=SERVICES)
async def service(request: pytest.FixtureRequest) -> AsyncIterator[tuple[str, httpx.AsyncClient, Issuer]]:
    with built(request.param) as (made, issuer):
        transport = httpx.ASGITransport(made.api, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://torg") as client:
            yield request.param, client, issuer


def _path(route: str) -> tuple[str, str]:
    """Method and a path of `route` in which every parameter has a value of a plausible form."""
    method, path = route.split(" ", 1)
    while "{" in path:
        before, _, rest = path.partition("{")
        path = f"{before}{uuid4()}{rest.partition('}')[2]}"
    return method, path


def _token(issuer: Issuer, role: Role) -> dict[str, str]:
    person = Persona(role.value, role, "somebody", "Kari Nordmann", "rådgiver", "servicetorget")
    return {"Authorization": f"Bearer {issuer.mint(person)}"}


class TestEveryRoute:
    async def test_of_the_matrix_is_served_and_no_other(self, service: tuple[str, httpx.AsyncClient, Issuer]) -> None:
        name, client, _ = service
        document = (await client.get("/openapi.json")).json()
        served = {f"{method.upper()} {path}" for path, methods in document["paths"].items() for method in methods}

        assert {one for one in served if one.split(" ")[1] not in _OPEN} == set(matrix_of(name))

    async def test_refuses_whoever_has_no_token(self, service: tuple[str, httpx.AsyncClient, Issuer]) -> None:
        name, client, _ = service

        answers = {
            route: (await client.request(*_path(route))).status_code
            for route, rights in matrix_of(name).items()
            if not rights.public
        }

        assert set(answers.values()) == {401}, {route: code for route, code in answers.items() if code != 401}

    async def test_refuses_a_token_of_another_issuer(
        self, service: tuple[str, httpx.AsyncClient, Issuer], tmp_path: Path
    ) -> None:
        name, client, _ = service
        stranger = Issuer.open(tmp_path)

        answers = {
            route: (await client.request(*_path(route), headers=_token(stranger, Role.LED))).status_code
            for route, rights in matrix_of(name).items()
            if not rights.public
        }

        assert set(answers.values()) == {401}, {route: code for route, code in answers.items() if code != 401}

    async def test_refuses_every_role_that_its_row_does_not_name(
        self, service: tuple[str, httpx.AsyncClient, Issuer]
    ) -> None:
        name, client, issuer = service
        wrong = []

        for role in Role:
            headers = _token(issuer, role)
            for route, rights in matrix_of(name).items():
                if role in rights.roles or rights.public:
                    continue
                answer = await client.request(*_path(route), headers=headers)
                if answer.status_code != 403:
                    wrong.append((route, role, answer.status_code))

        assert wrong == []

    async def test_lets_the_roles_of_its_row_pass_the_gate(
        self, service: tuple[str, httpx.AsyncClient, Issuer]
    ) -> None:
        """Behind the gate there is no database here: anything but 401 and 403 has passed it."""
        name, client, issuer = service
        wrong = []

        for role in Role:
            headers = _token(issuer, role)
            for route, rights in matrix_of(name).items():
                if role in rights.roles:
                    answer = await client.request(*_path(route), headers=headers, content=b"no json")
                    if answer.status_code in {401, 403}:
                        wrong.append((route, role, answer.status_code))

        assert wrong == []


class TestMatrix:
    @pytest.mark.parametrize("service", SERVICES)
    def test_gives_every_route_to_somebody(self, service: str) -> None:
        assert [route for route, rights in matrix_of(service).items() if not rights.roles and not rights.public] == []

    @pytest.mark.parametrize("service", SERVICES)
    def test_asks_for_a_key_where_something_is_made_or_done(self, service: str) -> None:
        """Dry runs and searches have no effect and need none."""
        without = {"POST /classify", "POST /messages/search", "POST /offentlig-journal/search", "POST /message-status"}
        doing = {route for route, rights in matrix_of(service).items() if route.startswith("POST ") and not rights.key}

        assert doing <= without
