"""The seven promises, and the tests that prove each: what `make prove` runs and prints.

A test is named by file, or file and name (`tests/…/test_x.py::TestY::test_z`); `tests/architecture` checks that each
exists. `lacking` says what of a promise nothing proves yet.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Promise:
    text: str
    tests: tuple[str, ...]
    lacking: str = ""


PROMISES: dict[str, Promise] = {}
