"""A plugin of pytest that leaves out every test which needs a server: what remains needs the package alone."""

from pathlib import Path

import pytest

_SERVERS = {"postgres_url", "database", "kafka", "kafka_servers", "bus_servers"}
_TOOLS = ("torg_ops", "torg_simulator")


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    """Files that start servers with the operators' tools, which are not installed here."""
    is_test = collection_path.name.startswith("test_") and collection_path.suffix == ".py"
    return True if is_test and any(tool in collection_path.read_text("utf-8") for tool in _TOOLS) else None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    pure = [item for item in items if not _SERVERS & set(getattr(item, "fixturenames", ()))]
    config.hook.pytest_deselected(items=[item for item in items if item not in pure])
    items[:] = pure
