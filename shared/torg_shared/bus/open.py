"""The bus that an address names."""

from .port import Bus
from .postgres import PostgresBus


def open_bus(url: str, name: str) -> Bus:
    """`kafka://host:9092` (several with commas) or `postgresql://…/torg_bus`; `name` is what servers show.

    Raises `ValueError` for any other scheme.
    """
    scheme, _, rest = url.partition("://")
    if scheme == "kafka":
        from .kafka import KafkaBus  # noqa: PLC0415 - its client is heavy, and most installations do without

        return KafkaBus(rest, name)
    if scheme == "postgresql":
        return PostgresBus(url, name)
    raise ValueError(f"TORG_BUS_URL: {scheme}:// er ikke kjent; bruk kafka://vert:port eller postgresql://…")
