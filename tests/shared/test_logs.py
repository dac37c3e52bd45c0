"""Log lines go to whatever the error stream is when they are written, and never hold what people wrote."""

import io
import sys
from collections.abc import Iterator

import pytest
import structlog
from torg_shared import logs


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    before = structlog.get_config()
    yield
    structlog.contextvars.clear_contextvars()
    structlog.configure(**before)


def test_a_stream_that_was_replaced_is_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = io.StringIO(), io.StringIO()
    monkeypatch.setattr(sys, "stderr", first)
    logs.configure("test")
    log = structlog.get_logger()
    log.info("one.happened")
    first.close()
    monkeypatch.setattr(sys, "stderr", second)
    log.info("two.happened")
    assert '"event": "two.happened"' in second.getvalue()


def test_words_and_secrets_of_people_stay_out(monkeypatch: pytest.MonkeyPatch) -> None:
    told = io.StringIO()
    monkeypatch.setattr(sys, "stderr", told)
    logs.configure("test")
    structlog.get_logger().info("a.happened", text="Hjelp", note="født 010170 12345", url="postgresql://a:hemmelig@h/d")
    assert "Hjelp" not in told.getvalue()
    assert "12345" not in told.getvalue()
    assert "hemmelig" not in told.getvalue()
