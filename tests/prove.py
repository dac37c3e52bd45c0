"""`make prove`: runs the tests behind each promise and prints the table; what is not proved yet is said plainly."""

import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from collections import Counter
from pathlib import Path

from .promises import PROMISES, Promise

ROOT = Path(__file__).resolve().parents[1]


def outcomes(report: Path) -> dict[str, str]:
    """Outcome by `file::test` of a JUnit report."""
    found = {}
    for case in ET.parse(report).getroot().iter("testcase"):
        place = case.get("classname", "").replace(".", "/")
        failed = [child.tag for child in case if child.tag in {"failure", "error", "skipped"}]
        found[f"{place}::{case.get('name', '').partition('[')[0]}"] = failed[0] if failed else "passed"
    return found


def belongs(case: str, test: str) -> bool:
    """True when the case of a report is (part of) the test that a promise names."""
    file, _, name = test.partition("::")
    wanted = file.removesuffix(".py") + (f"/{name.replace('::', '/')}" if name else "")
    told = case.replace("::", "/")
    return told == wanted or told.startswith(wanted + "/")


def row(name: str, promise: Promise, told: dict[str, str]) -> tuple[str, bool]:
    """One line of the table, and whether everything that was run has passed."""
    lines, good = [f"{name}  {promise.text}"], True
    for test in promise.tests:
        count = Counter(outcome for case, outcome in told.items() if belongs(case, test))
        fine = set(count) == {"passed"}
        good = good and fine
        summary = ", ".join(f"{number} {outcome}" for outcome, number in sorted(count.items())) or "not run"
        lines.append(f"      {'✓' if fine else '✗'} {test}  ({summary})")
    if promise.lacking:
        lines.append(f"      · not proved yet: {promise.lacking}")
    return "\n".join(lines), good


def main() -> int:
    tests = sorted({test for promise in PROMISES.values() for test in promise.tests})
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        command = [sys.executable, "-m", "pytest", "-o", "junit_family=xunit1", f"--junitxml={report}", *tests]
        subprocess.run(command, cwd=ROOT, check=False)
        told = outcomes(report) if report.exists() else {}
    rows = [row(name, promise, told) for name, promise in PROMISES.items()]
    sys.stdout.write("\n" + "\n".join(text for text, _ in rows) + "\n")
    return 0 if all(good for _, good in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
