"""The patterns of rules: written for people, bounded for machines.

`~` ends a word whatever its ending, `…` is a gap inside one sentence, `{name}` is a list of words. A pattern whose
worst case is not bounded by its own length is refused when it is read: no pattern can be made slow by a text.
"""

import importlib
import re
from collections.abc import Iterable, Mapping
from typing import Any

# the parse tree is the only place to see a pattern's shape; it is untyped, and has no public name
sre: Any = importlib.import_module("re._constants")
parser: Any = importlib.import_module("re._parser")

GAP = r"[^.!?\n]{0,45}?"
TAIL = r"\w{0,24}+"  # possessive: one way only
_LONGEST_REPEAT = 60
_MOST_WAYS = 5_000
_SHORTEST_LITERAL = 3
_MOST_SPELLINGS = 200
_LIST = re.compile(r"\{([a-z_]+)\}")


class UnsafePattern(ValueError):
    """A pattern that some text could make slow, or that is no pattern; the text says where."""


def expand(written: str, lists: Mapping[str, Iterable[str]]) -> str:
    """`written` with its gaps, endings and word lists spelled out. Raises `UnsafePattern` for an unknown list."""

    def words(match: re.Match[str]) -> str:
        if match[1] not in lists:
            raise UnsafePattern(f"{{{match[1]}}} is no list")
        return "(?:" + "|".join(expand(word, {}) for word in lists[match[1]]) + ")"

    return _LIST.sub(words, written.replace("…", GAP).replace("~", TAIL))


def safe(pattern: str) -> re.Pattern[str]:
    """`pattern`, compiled. Raises `UnsafePattern` when a text could make it slow."""
    try:
        tree = parser.parse(pattern)
        compiled = re.compile(pattern)
    except (re.error, RecursionError, OverflowError) as error:
        raise UnsafePattern(str(error)) from None
    ways = _ways(tree)
    if ways > _MOST_WAYS:
        raise UnsafePattern(f"{ways} ways to match, at most {_MOST_WAYS} are allowed; use fewer gaps")
    if compiled.match("") is not None:
        raise UnsafePattern("matches an empty text")
    return compiled


def _ways(tree: Any) -> int:
    """An upper bound of the ways in which the nodes of `tree` can match from one place."""
    ways = 1
    for operation, argument in tree:
        ways *= _ways_of(operation, argument)
        if ways > 10**9:
            break
    return ways


def _ways_of(operation: Any, argument: Any) -> int:
    if operation in (sre.GROUPREF, sre.GROUPREF_EXISTS):
        raise UnsafePattern("a back-reference")
    ways = 1
    if operation in (*_REPEATS, sre.POSSESSIVE_REPEAT):
        ways = _ways_of_repeat(operation, *argument)
    elif operation is sre.BRANCH:
        each = [_ways(branch) for branch in argument[1]]
        ways = max(sum(one > 1 for one in each), 1) * max(each)
    elif operation is sre.SUBPATTERN:
        ways = _ways(argument[3])
    elif operation in (sre.ASSERT, sre.ASSERT_NOT):
        ways = min(2, _ways(argument[1]))
    return ways


def _ways_of_repeat(operation: Any, low: int, high: int, inner: Any) -> int:
    if high > _LONGEST_REPEAT:
        raise UnsafePattern(f"an unbounded repeat; use ~, … or {{0,n}} with n up to {_LONGEST_REPEAT}")
    if high > 3 and any(one in _REPEATS or one is sre.BRANCH for one, _ in _flat(inner)):
        raise UnsafePattern("a repeat or a choice within a repeat")
    ways = _ways(inner)
    if operation is sre.POSSESSIVE_REPEAT:
        return ways
    return sum(ways**count for count in range(low, high + 1)) if ways > 1 else int(high - low + 1)


_REPEATS = {sre.MAX_REPEAT, sre.MIN_REPEAT}


def _flat(tree: Any) -> Iterable[tuple[Any, Any]]:
    for operation, argument in tree:
        yield operation, argument
        if operation is sre.SUBPATTERN:
            yield from _flat(argument[3])
        elif operation is sre.BRANCH:
            for branch in argument[1]:
                yield from _flat(branch)
        elif operation in _REPEATS:
            yield from _flat(argument[2])


def literals(pattern: str) -> frozenset[str] | None:
    """Beginnings of three letters of which every match holds at least one; None when there is no such set.

    What a text does not hold need not be searched for: this is what makes hundreds of rules cheap.
    """
    found = _needed(parser.parse(pattern))
    return None if found is None else frozenset(one[:_SHORTEST_LITERAL] for one in found)


def _needed(tree: Any) -> set[str] | None:
    best: set[str] | None = None
    runs = {""}
    for operation, argument in [*tree, (None, None)]:
        spelled = _spelled(operation, argument)
        if spelled is not None and len(runs) * len(spelled) <= _MOST_SPELLINGS:
            runs = {run + more for run in runs for more in spelled}
            continue
        best = _better(best, runs if min(map(len, runs)) >= _SHORTEST_LITERAL else None)
        runs = spelled if spelled is not None and len(spelled) <= _MOST_SPELLINGS else {""}
        if operation is sre.SUBPATTERN:
            best = _better(best, _needed(argument[3]))
        elif operation is sre.BRANCH:
            each = [_needed(branch) for branch in argument[1]]
            if all(each):
                best = _better(best, set().union(*(one for one in each if one)))
        elif operation in _REPEATS and argument[0] > 0:
            best = _better(best, _needed(argument[2]))
    return best


def _spelled(operation: Any, argument: Any) -> set[str] | None:
    """All strings that a node stands for, when they are few and nothing is open."""
    found: set[str] | None = None
    if operation is sre.LITERAL:
        found = {chr(argument)}
    elif operation is sre.AT and argument in (sre.AT_BOUNDARY, sre.AT_BEGINNING, sre.AT_END):
        found = {""}
    elif operation is sre.IN and all(kind is sre.LITERAL for kind, _ in argument):
        found = {chr(code) for _, code in argument}
    elif operation is sre.SUBPATTERN:
        found = _all_spelled(argument[3])
    elif operation is sre.BRANCH:
        each = [_all_spelled(branch) for branch in argument[1]]
        found = None if None in each else set().union(*(one for one in each if one is not None))
    elif operation is sre.MAX_REPEAT and argument[:2] == (0, 1):
        once = _all_spelled(argument[2])
        found = None if once is None else {"", *once}
    return found


def _all_spelled(tree: Any) -> set[str] | None:
    found = {""}
    for operation, argument in tree:
        more = _spelled(operation, argument)
        if more is None or len(found) * len(more) > _MOST_SPELLINGS:
            return None
        found = {one + other for one in found for other in more}
    return found


def _better(one: set[str] | None, other: set[str] | None) -> set[str] | None:
    if one is None or other is None:
        return one or other
    return min(one, other, key=len)
