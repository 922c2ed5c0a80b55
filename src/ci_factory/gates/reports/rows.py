"""The two shapes that JSON reports of scanners mostly have: an array, or an object with results and errors."""

from collections.abc import Callable, Iterator
from typing import BinaryIO

from ci_factory.errors import ArtifactError
from ci_factory.gates.reports.jsonstream import JsonStream
from ci_factory.model.base import Json


def array(stream: BinaryIO) -> Iterator[Json]:
    """Elements of a document that is one array.

    Raises:
        ArtifactError: it is not.
    """
    document = JsonStream(stream)
    yield from document.items()
    document.end()


def results(stream: BinaryIO, explain: Callable[[dict[str, Json]], str], *, flag: str) -> Iterator[Json]:
    """What stands in `results` of an object that has them, and no `errors`.

    `explain` says in words what an error is about; `flag` makes the tool write such a report.

    Raises:
        ArtifactError: one of both is missing, or the tool had an error and did not see everything.
    """
    document, seen = JsonStream(stream), set()
    for key in document.members():
        seen.add(key)
        if key == "results":
            yield from document.items()
        elif key == "errors":
            for error in document.items():
                what = f"is not complete, its tool says: {explain(error)[:200]}"
                raise ArtifactError(what, fix="mend or exclude what could not be scanned")
        else:
            document.skip()
    document.end()
    if missing := {"results", "errors"} - seen:
        raise ArtifactError(f"has no `{min(missing)}`", fix=f"write it with {flag}")
