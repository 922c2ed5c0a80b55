"""Programming languages by the names of files, for saying which agent can do which ticket. Pure."""

from collections.abc import Iterable
from types import MappingProxyType
from typing import Annotated

from pydantic import AfterValidator

SUFFIXES = MappingProxyType(
    {
        "python": (".py", ".pyi"),
        "javascript": (".js", ".jsx", ".mjs", ".cjs", ".vue", ".svelte"),
        "typescript": (".ts", ".tsx", ".mts", ".cts"),
        "go": (".go",),
        "rust": (".rs",),
        "php": (".php",),
        "java": (".java",),
        "kotlin": (".kt", ".kts"),
        "csharp": (".cs",),
        "cpp": (".c", ".cc", ".cpp", ".cxx", ".h", ".hpp"),
        "ruby": (".rb",),
        "swift": (".swift",),
        "scala": (".scala",),
        "shell": (".sh", ".bash"),
        "sql": (".sql",),
    }
)
"""Names that `agents: languages` takes. Other files, such as prose and settings, are of none, and any agent can edit them."""
_BY_SUFFIX = {suffix: name for name, suffixes in SUFFIXES.items() for suffix in suffixes}


def languages_of(paths: Iterable[str]) -> frozenset[str]:
    """Languages of files or globs, as far as their suffixes tell."""
    found = (_BY_SUFFIX.get(f".{path.rpartition('.')[2].lower()}") for path in paths)
    return frozenset(language for language in found if language)


def _known(name: str) -> str:
    if name not in SUFFIXES:
        msg = f"no language is called {name!r}; known: {', '.join(SUFFIXES)}"
        raise ValueError(msg)
    return name


Language = Annotated[str, AfterValidator(_known)]
"""The name of one of them, in settings."""
