"""Which files belong to the tests, in any language. Pure."""

import re
from pathlib import PurePosixPath

from ci_factory.gates.change import is_test

_NAMED = re.compile(
    r".*[._-](test|spec)\.[cm]?[jt]sx?"  # jest, vitest, mocha, node
    r"|.*_test\.(go|exs|dart|rb|cc|cpp)|.*_spec\.rb"
    r"|(Test.*|.*Tests?|.*IT)\.(java|kt|scala|groovy|cs|php|swift)"
)
_FOLDERS = {"__tests__", "__mocks__", "__snapshots__", "spec", "specs", "e2e"}
_DATA_FOLDER = re.compile(r"test|spec\b|specs\b|fixture|golden|snapshot", re.IGNORECASE)
_CODE = {
    ".py", ".pyi", ".js", ".cjs", ".mjs", ".jsx", ".ts", ".cts", ".mts", ".tsx", ".go", ".rs", ".java", ".kt", ".php", ".rb",
    ".c", ".cc", ".cpp", ".h", ".hpp", ".cs", ".swift", ".scala", ".sh",
}  # fmt: skip


def is_test_file(path: str) -> bool:
    """Whether a file belongs to the tests: by its name, by its folder, or as data that lies in a folder of tests."""
    place = PurePosixPath(path)
    if place.suffix == ".py":
        return is_test(path)
    if is_test(path) or _NAMED.fullmatch(place.name) or any(part in _FOLDERS for part in place.parts[:-1]):
        return True
    is_data = place.suffix not in _CODE
    return is_data and any(_DATA_FOLDER.search(part) for part in place.parts[:-1])


def is_source(path: str) -> bool:
    """Whether a file is code, and none of the tests'."""
    return PurePosixPath(path).suffix in _CODE and not is_test_file(path)


def is_test_code(path: str) -> bool:
    """Whether it is a program of the tests, not data."""
    return is_test_file(path) and PurePosixPath(path).suffix in _CODE
