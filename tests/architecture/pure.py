"""A plugin of pytest that leaves out every test which needs a server: what remains needs the package alone."""

import pytest

_SERVERS = {"postgres_url", "database", "kafka", "kafka_servers", "bus_servers"}


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    pure = [item for item in items if not _SERVERS & set(getattr(item, "fixturenames", ()))]
    config.hook.pytest_deselected(items=[item for item in items if item not in pure])
    items[:] = pure
