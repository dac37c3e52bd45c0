"""What no file in the repository may hold: `python -m tests.architecture.files <file> …` (pre-commit), or all of them.

Secrets, files larger than 1 MiB, addresses in pinned requirements, paths of somebody's machine.
"""

import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LARGEST = 1024 * 1024
_FORBIDDEN = {
    "a private key": re.compile(rb"-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----"),
    "a token": re.compile(rb"\beyJ[A-Za-z0-9_-]{16,}\.eyJ[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}"),
    "a password in an address": re.compile(rb"postgres(?:ql)?://[a-z_]+:[A-Za-z0-9_-]{20,}@"),
    "a path of a machine": re.compile(rb"(?<![\w.])/(?:home/[a-z]|root/|Users/)"),
}
_PINNED_ADDRESS = re.compile(rb"https?://|@ file:")


def faults(path: Path) -> list[str]:
    """What is wrong with one file, as sentences."""
    if not path.is_file() or path.is_symlink():
        return []
    content = path.read_bytes()
    found = [f"{path}: holds {what}" for what, pattern in _FORBIDDEN.items() if pattern.search(content)]
    if len(content) > LARGEST:
        found.append(f"{path}: is larger than 1 MiB")
    if path.parent.name == "requirements" and _PINNED_ADDRESS.search(content):
        found.append(f"{path}: names an address")
    return found


def tracked() -> list[Path]:
    """Every file of the repository; the tree's own files where there is no repository."""
    done = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    names = [name for name in done.stdout.decode().split("\0") if name]
    return (
        [ROOT / name for name in names] if names else [path for path in ROOT.rglob("*.py") if ".venv" not in path.parts]
    )


def main(names: Iterable[str]) -> int:
    paths = [Path(name) for name in names] or tracked()
    found = [fault for path in paths for fault in faults(path)]
    sys.stderr.write("".join(f"{fault}\n" for fault in found))
    return bool(found)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
