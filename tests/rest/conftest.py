"""Every service in turn, open for requests during a whole module: what is refused leaves nothing behind."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from torg_shared.testing import FakeClock, TestTokens

from tests.conftest import databases

from .running import SERVICES, Running, running


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=SERVICES)
async def house(
    request: pytest.FixtureRequest,
    postgres_url: str,
    _templates: dict[str, str],
    tokens: TestTokens,
    tmp_path_factory: Any,
) -> AsyncIterator[Running]:
    async with databases(postgres_url, _templates) as make:
        url = (await make(f"torg_{request.param}")).url
        folder = tmp_path_factory.mktemp(request.param)
        async with running(request.param, url, tokens, FakeClock(), folder) as found:
            yield found
