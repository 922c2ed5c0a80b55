"""docs/metrics.md says what the code says."""

from pathlib import Path

from ci_factory.metrics import definitions, words
from ci_factory.metrics.figure import Metric

DOCS = Path(__file__).parents[2] / "docs" / "metrics.md"


def test_every_definition_is_documented_as_it_is() -> None:
    """Name, target and definition of every metric stand in the documentation, word for word."""
    rows = [
        [cell.strip() for cell in line.split("|")[1:-1]]
        for line in DOCS.read_text(encoding="utf-8").splitlines()
    ]
    documented = {(row[0], row[2], row[3]) for row in rows if len(row) == 4}
    metrics = [value for value in vars(definitions).values() if isinstance(value, Metric)]
    assert len(metrics) > 20
    missing = [
        m.key for m in metrics if (m.name, words.target(m.target, m.unit), m.definition) not in documented
    ]
    assert missing == []
