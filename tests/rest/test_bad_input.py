"""The table of bad input, row by row over every route of every service: a clear problem document, never a fault."""

import base64
import time
from collections.abc import Iterable
from typing import Any
from uuid import uuid4

import httpx
import orjson
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey
from torg_shared.auth import Role
from torg_shared.web.problems import texts_of

from .running import UNIT, Running

pytestmark = pytest.mark.asyncio(loop_scope="module")
NEVER_SEEN = "01890000-0000-7000-8000-000000000000"


def told(answer: httpx.Response, package: str) -> str:
    """The code of a refusal. Asserts that it is a problem document with a code that has texts."""
    assert 400 <= answer.status_code < 500, (answer.request.method, str(answer.request.url), answer.text[:300])
    assert answer.headers["content-type"] == "application/problem+json", answer.request.url
    document = answer.json()
    assert document["status"] == answer.status_code
    assert document["type"] == f"urn:torg:problem:{document['code']}"
    assert set(texts_of(package)[document["code"]]) == {"nb", "nn", "en"}
    assert "Traceback" not in answer.text
    code: str = document["code"]
    return code


async def refused(
    house: Running, asked: Iterable[tuple[str, Any]], status: set[int] | int, **more: Any
) -> dict[str, set[str]]:
    """Every one of `asked` (route, request) gets one of `status`; the codes, by route."""
    allowed = {status} if isinstance(status, int) else status
    codes: dict[str, set[str]] = {}
    wrong = []
    for route, request in asked:
        answer = await house.ask(route, **{**more, **request})
        if answer.status_code not in allowed:
            wrong.append((route, request, answer.status_code, answer.text[:200]))
        else:
            codes.setdefault(route, set()).add(told(answer, f"torg_{house.name}"))
    assert wrong == []
    return codes


def guarded(house: Running) -> list[str]:
    return [route for route, row in house.matrix.items() if not row.public]


class TestTokenKinds:
    def forged(self, house: Running) -> dict[str, str]:
        now = int(time.time())
        claims = {
            "iss": "torg-test",
            "aud": "torg",
            "sub": "per",
            "roles": ["leder", "sideadministrator", "arkivar"],
            "unit": UNIT,
            "channels": ["*"],
            "iat": now,
            "exp": now + 600,
        }

        def signed(header: dict[str, Any], key: Any, **more: Any) -> str:
            return jwt.encode(header, claims | more, key, algorithms=[header["alg"]])

        def part(value: Any) -> str:
            return base64.urlsafe_b64encode(orjson.dumps(value)).decode().rstrip("=")

        own, stranger = house.tokens.key, ECKey.generate_key("P-256", {"kid": "test"}, private=True)
        public = orjson.dumps(own.as_dict(private=False))
        good = {"alg": "ES256", "kid": "test"}
        return {
            "expired": signed(good, own, exp=now - 3600, iat=now - 7200),
            "not yet": signed(good, own, nbf=now + 3600),
            "wrong audience": signed(good, own, aud="another"),
            "an ID token": signed(good, own, aud="portal-client", nonce="x"),
            "other issuer": signed(good, own, iss="https://evil.example"),
            "stranger's key under our kid": signed(good, stranger),
            "unknown kid": signed(good | {"kid": "other"}, stranger),
            "kid with a path": signed(good | {"kid": "../../../../dev/null"}, stranger),
            "alg none": f"{part({'alg': 'none'})}.{part(claims)}.",
            "alg none, our kid": f"{part({'alg': 'none', 'kid': 'test'})}.{part(claims)}.",
            "HS256 with the public key": signed({"alg": "HS256", "kid": "test"}, OctKey.import_key(public)),
            "signature of another token": signed(good, own).rsplit(".", 1)[0] + "." + "A" * 86,
            "no expiry": signed(good, own, exp=None),
            "no token at all": "nonsense",
            "empty": "",
            "very long": "a" * 100_000,
            "not ASCII": "æøå",
        }

    async def test_no_forged_or_foreign_token_opens_a_route(self, house: Running) -> None:
        forged = self.forged(house)
        for kind, token in forged.items():
            header = {"Authorization": f"Bearer {token}".encode()}
            codes = await refused(house, ((route, {}) for route in guarded(house)), 401, headers=header)
            assert {code for found in codes.values() for code in found} == {"TOKEN_INVALID"}, kind

    async def test_other_schemes_and_hats_open_nothing(self, house: Running) -> None:
        for header in (
            {"Authorization": "Basic cGVyOnBlcg=="},
            {"Authorization": "Bearer"},
            house.header(Role.FAG) | {"Torg-Role": "leder"},
            house.header(Role.FAG) | {"Torg-Role": "root"},
            house.header(Role.FAG) | {"Torg-Role": ""},
        ):
            await refused(house, ((route, {}) for route in guarded(house)), 401, headers=header)

    async def test_a_public_route_refuses_a_bad_token_too(self, house: Running) -> None:
        public = [route for route, row in house.matrix.items() if row.public]
        await refused(house, ((route, {}) for route in public), 401, headers={"Authorization": "Bearer nonsense"})


def _schema(house: Running, route: str) -> dict[str, Any]:
    method, path = route.split(" ", 1)
    content = house.document["paths"][path][method.lower()]["requestBody"]["content"]["application/json"]
    return _plain(house, content["schema"])


def _plain(house: Running, schema: dict[str, Any]) -> dict[str, Any]:
    if "$ref" in schema:
        found: dict[str, Any] = house.document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
        return found
    return schema


def _kinds(house: Running, schema: dict[str, Any]) -> set[str]:
    found = _plain(house, schema)
    if "anyOf" in found:
        return set().union(*(_kinds(house, one) for one in found["anyOf"]))
    return {found.get("type", "object")}


_WRONG: dict[str, Any] = {
    "string": 1,
    "integer": "1",
    "number": "1",
    "boolean": "true",
    "array": "a",
    "object": "a",
}


def _value(house: Running, schema: dict[str, Any]) -> Any:  # noqa: PLR0911 - one answer for each kind
    """The plainest value that `schema` allows."""
    found = _plain(house, schema)
    if "const" in found or "enum" in found:
        return found.get("const", found.get("enum", [None])[0])
    if "anyOf" in found:
        return _value(house, found["anyOf"][0])
    kind = found.get("type")
    if kind == "object" or "properties" in found:
        return {name: _value(house, found["properties"][name]) for name in found.get("required", ())}
    if kind == "array":
        return [_value(house, found["items"])] if found.get("minItems") else []
    if kind == "boolean":
        return False
    if kind in {"integer", "number"}:
        return found.get("minimum", 1)
    forms = {"uuid": str(uuid4()), "date-time": "2026-06-03T08:00:00Z", "date": "2026-06-03"}
    if "format" in found:
        return forms[found["format"]]
    return "0" * 64 if "{64}" in found.get("pattern", "") else "a" * max(1, found.get("minLength", 1))


class TestBodies:
    def with_bodies(self, house: Running) -> list[str]:
        return [route for route in house.matrix if house.takes_a_body(route)]

    def request(self, house: Running, route: str, content: bytes) -> dict[str, Any]:
        return {"content": content, "headers": house.allowed(route, **{"Content-Type": "application/json"})}

    @pytest.mark.parametrize(
        "content",
        [
            b"{",
            b"nothing",
            b'{"reason": NaN}',
            b'{"reason": 1e999}',
            b'{"reason": "a", "reason": "b"}',
            b'{"reason": "\xff"}',
            b"\xff\xfe{\x00}\x00",
            b'{"reason": "\\ud800"}',
            b"9" * 400,
            b"[" * 5000 + b"]" * 5000,
            b'{"a":' * 2000 + b"1" + b"}" * 2000,
        ],
    )
    async def test_what_is_no_plain_json_gets_400(self, house: Running, content: bytes) -> None:
        asked = [(route, self.request(house, route, content)) for route in self.with_bodies(house)]
        codes = await refused(house, asked, 400)
        assert all(found == {"JSON_INVALID"} for found in codes.values()), codes

    @pytest.mark.parametrize("content", [b"", b"null", b"[]", b"1", b'"text"', b"true", b"[{}]"])
    async def test_another_shape_gets_422(self, house: Running, content: bytes) -> None:
        asked = [(route, self.request(house, route, content)) for route in self.with_bodies(house)]
        await refused(house, asked, 422)

    async def test_a_million_keys_and_an_endless_body_are_refused(self, house: Running) -> None:
        many = orjson.dumps({f"k{number}": 1 for number in range(70_000)})
        await refused(house, [(r, self.request(house, r, many)) for r in self.with_bodies(house)[:3]], 422)
        long = orjson.dumps({"a": "a" * 1_100_000})
        await refused(house, [(r, self.request(house, r, long)) for r in self.with_bodies(house)], 413)

    async def test_fields_that_nobody_asked_for_are_refused(self, house: Running) -> None:
        asked = []
        for route in self.with_bodies(house):
            body = _value(house, _schema(house, route))
            for extra in ("status", "journalsekvensnummer", "approved_by", "__proto__", "id", "version"):
                if extra not in _schema(house, route).get("properties", {}):
                    asked.append((route, self.request(house, route, orjson.dumps(body | {extra: "1"}))))
        codes = await refused(house, asked, 422)
        assert all(found == {"BODY_INVALID"} for found in codes.values()), codes

    async def test_wrong_types_are_refused_field_by_field(self, house: Running) -> None:
        asked = []
        for route in self.with_bodies(house):
            schema = _schema(house, route)
            body = _value(house, schema)
            for name, one in schema.get("properties", {}).items():
                kinds = _kinds(house, one)
                for wrong in (*(_WRONG[kind] for kind in kinds - {"null"}), [[]], {"a": []}):
                    fits = {str: "string", int: "integer", list: "array", dict: "object"}[type(wrong)]
                    if fits not in kinds or (fits == "array" and wrong == [[]]):
                        asked.append((route, self.request(house, route, orjson.dumps(body | {name: wrong}))))
        codes = await refused(house, asked, 422)
        assert all(found == {"BODY_INVALID"} for found in codes.values()), codes

    async def test_nul_and_times_without_zone_are_refused_field_by_field(self, house: Running) -> None:
        asked = []
        for route in self.with_bodies(house):
            schema = _schema(house, route)
            body = _value(house, schema)
            for name, one in schema.get("properties", {}).items():
                if "string" in _kinds(house, one):
                    asked.append((route, self.request(house, route, orjson.dumps(body | {name: "a\0b"}))))
                if "date" in str(one.get("format") or one.get("anyOf")):
                    for bad in ("2026-06-03T08:00:00", "2026-02-29", "2026-06-03T24:00:00Z", "9999-12-31", 1780473600):
                        asked.append((route, self.request(house, route, orjson.dumps(body | {name: bad}))))
        await refused(house, asked, 422)

    async def test_another_content_type_is_no_way_around_the_shape(self, house: Running) -> None:
        for kind in (
            "text/plain",
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=x",
            "application/xml",
        ):
            asked = [
                (r, {"content": b"reason=a", "headers": house.allowed(r, **{"Content-Type": kind})})
                for r in self.with_bodies(house)
            ]
            await refused(house, asked, {400, 415, 422})


class TestQueries:
    def lists(self, house: Running) -> list[str]:
        return [
            route
            for route in house.routes("GET")
            if "limit" in {one["name"] for one in house.document["paths"][route.split(" ", 1)[1]]["get"]["parameters"]}
        ]

    async def test_pages_of_an_odd_size_are_refused(self, house: Running) -> None:
        for limit in ("0", "-1", "201", "1000000000", "9" * 400, "x", "1.5", "", "NaN", "0x10"):
            asked = ((r, {"headers": house.allowed(r), "params": {"limit": limit}}) for r in self.lists(house))
            await refused(house, asked, 422)

    async def test_unknown_and_repeated_parameters_are_refused(self, house: Running) -> None:
        for query in (
            "sort=name",
            "order=desc",
            "limit=1&limit=2",
            "after=a&after=b",
            "%00=1",
            "limit=1%00",
            "_method=DELETE",
        ):
            asked = (
                (r, {"headers": house.allowed(r), "path": f"{house.path_of(r)}?{query}"}) for r in self.lists(house)
            )
            await refused(house, asked, 422)

    async def test_cursors_hold_for_their_own_list_alone(self, house: Running) -> None:
        cursors = house.api.state.kernel.cursors
        foreign = cursors.sign("another list", ["2026-06-03T08:00:00Z", NEVER_SEEN])
        own: dict[str, list[str]] = {route: [] for route in self.lists(house)}
        for route, kept in own.items():
            answer = await house.ask(route, headers=house.allowed(route), params={"limit": "1"})
            assert answer.status_code == 200, (route, answer.text)
            if "json" in answer.headers["content-type"] and isinstance(answer.json()["next"], str):
                kept.append(answer.json()["next"])
        asked = []
        for route, mine in own.items():
            others = [one for other, found in own.items() if other != route for one in found]
            tampered = [one[:-3] + ("aaa" if one[-3:] != "aaa" else "bbb") for one in mine]
            for cursor in (foreign, *others, *tampered, "nonsense", "æ", "", "=", "A" * 1001, "%00", "'; --"):
                asked.append((route, {"headers": house.allowed(route), "params": {"after": cursor}}))
        await refused(house, asked, 422)

    async def test_filters_are_taken_literally_or_refused(self, house: Running) -> None:
        """No pattern, quote or number out of range reaches the database as anything but a value."""
        odd = (
            "%",
            "_",
            "'",
            "\\",
            "' OR 1=1 --",
            "(a+)+$",
            "☃",
            "a" * 5000,
            "-1",
            "9" * 30,
            "2026-02-29",
            "0001-01-01",
        )
        for route in house.routes("GET"):
            operation = house.document["paths"][route.split(" ", 1)[1]]["get"]
            for parameter in (one["name"] for one in operation.get("parameters", ()) if one["in"] == "query"):
                for value in (*odd, "9999-12-31", "9999-12-31T23:59:59-14:00"):
                    answer = await house.ask(route, headers=house.allowed(route), params={parameter: value})
                    if answer.status_code >= 400:
                        assert answer.status_code in {404, 409, 422}, (route, parameter, value, answer.text)
                        told(answer, f"torg_{house.name}")


class TestPathsAndMethods:
    async def test_ids_that_are_none_get_422_and_unknown_ones_404(self, house: Running) -> None:
        routes = [route for route in house.matrix if "_id}" in route and "rule_id" not in route]
        asked = []
        for route in routes:
            template = route.split(" ", 1)[1]
            start, rest = template.split("{", 1)
            end = rest.split("}", 1)[1].replace("{number}", "1")
            for odd in (
                "1",
                "'",
                "%00",
                "NaN",
                "a" * 3000,
                "%F0%9F%92%A9",
                "../1",
                "00000000-0000-0000-0000-00000000000g",
            ):
                asked.append((route, {"path": f"{start}{odd}{end}", "headers": house.allowed(route)}))
        await refused(house, asked, {404, 405, 422})

    async def test_guessed_ids_are_unknown(self, house: Running) -> None:
        for route in (one for one in house.matrix if "_id}" in one and "rule_id" not in one):
            path = route.split(" ", 1)[1]
            start, rest = path.split("{", 1)
            request: dict[str, Any] = {"headers": house.allowed(route)}
            if house.takes_a_body(route):
                request["json"] = _value(house, _schema(house, route))
            end = rest.split("}", 1)[1].replace("{number}", "1")
            answer = await house.ask(route, path=f"{start}{NEVER_SEEN}{end}", **request)
            # some bodies need more than their shape tells; what is asked of them is never a thing unknown
            assert answer.status_code in ({404} if "json" not in request else {404, 422}), (route, answer.text)
            told(answer, f"torg_{house.name}")

    @pytest.mark.parametrize("number", ["0", "-1", "99999999999999999999", "2147483648", "x", "1.5"])
    async def test_numbers_in_paths_are_bounded(self, house: Running, number: str) -> None:
        for route in (one for one in house.matrix if "{number}" in one):
            path = house.path_of(route.replace("{number}", "NUMBER")).replace("NUMBER", number)
            await refused(house, [(route, {"path": path, "headers": house.allowed(route)})], {404, 422})

    async def test_methods_that_no_route_has_get_405(self, house: Running) -> None:
        for route in house.matrix:
            path = house.path_of(route)
            served = {one.split(" ")[0] for one in house.matrix if one.split(" ", 1)[1] == route.split(" ", 1)[1]}
            for method in {"HEAD", "OPTIONS", "TRACE", "PUT", "PATCH", "DELETE", "CONNECT", "BREW"} - served:
                answer = await house.client.request(method, path, headers=house.header(Role.LED))
                # a fixed path may be another's parameter: /messages/bulk-close is no message
                assert answer.status_code in {403, 404, 405, 422}, (method, path, answer.status_code)
                if method != "HEAD":
                    told(answer, f"torg_{house.name}")

    async def test_a_slash_too_many_and_dots_lead_nowhere(self, house: Running) -> None:
        for route in house.matrix:
            path = house.path_of(route)
            for odd in (
                path + "/",
                "/" + path,
                path + "//",
                "/%2e%2e" + path,
                path.upper(),
                path + ";a=b",
            ):
                answer = await house.client.request(
                    route.split(" ")[0],
                    httpx.URL("http://torg").copy_with(raw_path=odd.encode()),
                    headers=house.allowed(route),
                )
                assert answer.status_code in {404, 405, 422}, (route, odd, answer.status_code)
                assert "location" not in answer.headers
                told(answer, f"torg_{house.name}")

    async def test_no_header_changes_the_method(self, house: Running) -> None:
        for route in house.routes("GET"):
            for name in ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"):
                plain = await house.ask(route, headers=house.allowed(route))
                overridden = await house.ask(route, headers=house.allowed(route, **{name: "DELETE"}))
                assert overridden.status_code == plain.status_code, route

    async def test_huge_headers_and_paths_are_refused_or_ignored(self, house: Running) -> None:
        for route in house.routes("GET"):
            for name in (
                "X-Anything",
                "Accept",
                "Accept-Language",
                "If-None-Match",
                "Traceparent",
                "Cookie",
                "If-Match",
            ):
                answer = await house.ask(route, headers=house.allowed(route, **{name: "a,;=q" * 13_000}))
                assert answer.status_code in {200, 304, 404, 409}, (route, name, answer.text[:200])
            answer = await house.ask(route, path="/" + "a" * 60_000, headers=house.allowed(route))
            assert told(answer, f"torg_{house.name}") == "NO_SUCH_PATH"


class TestPreconditions:
    async def test_an_action_without_the_version_it_saw_gets_428_and_a_stale_one_412(self, house: Running) -> None:
        """Order: shape, 404, key, version, state. Only routes whose thing is there and whose body is complete."""
        seen = 0
        for route in (one for one, row in house.matrix.items() if row.match):
            request: dict[str, Any] = {}
            if house.takes_a_body(route):
                request["json"] = _value(house, _schema(house, route))
            headers = house.allowed(route)
            for condition, wanted in (
                (None, "PRECONDITION_REQUIRED"),
                ("*", "PRECONDITION_REQUIRED"),
                ('"0"', "VERSION_CONFLICT"),
                ('"99999"', "VERSION_CONFLICT"),
                ('W/"1"', "VERSION_CONFLICT"),
                ('"1", "2"', "VERSION_CONFLICT"),
                ("1", "VERSION_CONFLICT"),
                ('"' + "9" * 19 + '"', "VERSION_CONFLICT"),
                ("'; --", "VERSION_CONFLICT"),
            ):
                headers = {name: value for name, value in headers.items() if name != "If-Match"}
                if condition is not None:
                    headers["If-Match"] = condition
                if "Idempotency-Key" in headers:
                    headers["Idempotency-Key"] = str(uuid4())
                answer = await house.ask(route, headers=headers, **request)
                code = told(answer, f"torg_{house.name}")
                if answer.status_code in {403, 404} or code == "BODY_INVALID":
                    continue  # no such thing here, or the shape alone does not say what the body needs
                seen += 1
                assert code == wanted, (route, condition, answer.text)
                assert answer.status_code == (428 if wanted == "PRECONDITION_REQUIRED" else 412)
        assert seen or not any(row.match for row in house.matrix.values())

    async def test_a_key_is_wanted_and_has_a_form(self, house: Running) -> None:
        keyed = [route for route, row in house.matrix.items() if row.key]
        for key, wanted in (
            (None, "REQUIRED"),
            ("", "REQUIRED"),
            ("a" * 201, "INVALID"),
            ("a b", "INVALID"),
            ("æ", "INVALID"),
        ):
            for route in keyed:
                headers: dict[str, Any] = house.allowed(route)
                del headers["Idempotency-Key"]
                if key is not None:
                    headers["Idempotency-Key"] = key.encode()
                body = {"json": _value(house, _schema(house, route))} if house.takes_a_body(route) else {}
                answer = await house.ask(route, headers=headers, **body)
                assert told(answer, f"torg_{house.name}") in {f"IDEMPOTENCY_KEY_{wanted}", "BODY_INVALID"}, route
