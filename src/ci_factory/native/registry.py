"""All documents by name. Adding one: a module, a line here."""

from collections.abc import Callable
from dataclasses import dataclass

from ci_factory.native.cobertura import cobertura
from ci_factory.native.code_quality import code_quality
from ci_factory.native.common import Judged
from ci_factory.native.gitlab_security import sast, secret_detection
from ci_factory.native.junit import junit
from ci_factory.native.openmetrics import openmetrics
from ci_factory.native.sarif import sarif


@dataclass(frozen=True)
class Document:
    """One kind of document."""

    file: str
    """Its name in the output folder."""
    write: Callable[[Judged], str | None]
    """`None`: there is nothing to say, and no file is better than one that says nothing."""


DOCUMENTS: dict[str, Document] = {
    "code-quality": Document("gl-code-quality-report.json", code_quality),
    "junit": Document("junit.xml", junit),
    "cobertura": Document("cobertura.xml", cobertura),
    "sast": Document("gl-sast-report.json", sast),
    "secret-detection": Document("gl-secret-detection-report.json", secret_detection),
    "sarif": Document("ci-factory.sarif", sarif),
    "openmetrics": Document("metrics.txt", openmetrics),
}
