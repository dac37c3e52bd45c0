"""The check itself: it must refuse what breaks a reader, and let additions pass."""

from typing import Any, Literal

import pytest
from pydantic import BaseModel, create_model

from .compatibility import breaking_changes


class Inner(BaseModel):
    a: int


def _schema(**fields: Any) -> dict[str, Any]:
    model: type[BaseModel] = create_model("Event", **fields)
    return model.model_json_schema()


BEFORE: dict[str, Any] = {
    "name": (str, ...),
    "count": (int, 0),
    "kind": (Literal["a", "b"], ...),
    "inner": (Inner, ...),
    "many": (tuple[Inner, ...], ()),
    "maybe": (str | None, None),
}
NARROWED = create_model("Inner", a=(int, ...), b=(str, ...))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        pytest.param({"name": (int, ...)}, "data.name: type was string, is integer", id="another type"),
        pytest.param({"more": (str, ...)}, "data.more: has become required", id="a required field more"),
        pytest.param({"count": (int, ...)}, "data.count: has become required", id="optional becomes required"),
        pytest.param({"name": (str, "")}, "data.name: is no longer always there", id="required becomes optional"),
        pytest.param({"kind": (Literal["a", "b", "c"], ...)}, "data.kind: enum was", id="a value more"),
        pytest.param({"kind": (Literal["a"], ...)}, "data.kind", id="a value less"),
        pytest.param({"name": (str | None, ...)}, "data.name: was string, is null or string", id="becomes null"),
        pytest.param({"maybe": (int | None, None)}, "data.maybe: was null or string", id="another optional type"),
        pytest.param({"inner": (NARROWED, ...)}, "data.inner.b: has become required", id="inside a part"),
        pytest.param({"many": (tuple[NARROWED, ...], ())}, "data.many[].b: has become required", id="inside a list"),
    ],
)
def test_refuses(change: dict[str, Any], told: str) -> None:
    found = breaking_changes(_schema(**BEFORE), _schema(**(BEFORE | change)))

    assert any(told in one for one in found), found


def test_refuses_a_field_that_is_gone() -> None:
    now = {name: field for name, field in BEFORE.items() if name != "count"}

    assert breaking_changes(_schema(**BEFORE), _schema(**now)) == ["data.count: is gone"]


def test_lets_an_optional_field_pass() -> None:
    now = BEFORE | {"more": (str | None, None), "further": (int, 3)}

    assert breaking_changes(_schema(**BEFORE), _schema(**now)) == []
