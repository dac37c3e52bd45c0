"""The municipality as data: YAML files under `config/<name>/`, validated when they are read."""

from pathlib import Path
from typing import TypeVar

import yaml
from pydantic import BaseModel, ValidationError

M = TypeVar("M", bound=BaseModel)


class ConfigError(Exception):
    """A file of the configuration is missing or wrong; the text names the file and the place, in Norwegian."""


def read(path: Path, model: type[M]) -> M:
    """The content of the YAML file `path` as a `model`. Raises `ConfigError`."""
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: kan ikke leses ({error.strerror})") from None
    except (yaml.YAMLError, UnicodeError) as error:
        raise ConfigError(f"{path}: er ikke gyldig YAML ({str(error).splitlines()[0]})") from None
    try:
        return model.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "filen"
        raise ConfigError(f"{path}: {place}: {first['msg']}") from None
