"""Figures as OpenMetrics text."""

from datetime import datetime

from ci_factory.metrics.facts import History
from ci_factory.metrics.figure import Metric, Unit, measure, share
from ci_factory.metrics.figures import figures
from ci_factory.metrics.openmetrics import openmetrics

METRIC = Metric(key="k", name="K", unit=Unit.SHARE, definition='A "share"\nof all')


def test_text_is_a_family_per_figure() -> None:
    """One figure for two gates is one family with two samples, and the text ends as the format demands."""
    both = [share(METRIC, 1, 2, labels={"gate": "tests"}), share(METRIC, 3, 4, labels={"gate": "types"})]
    assert openmetrics(both).splitlines() == [
        "# TYPE ci_factory_k_ratio gauge",
        "# UNIT ci_factory_k_ratio ratio",
        '# HELP ci_factory_k_ratio A \\"share\\"\\nof all',
        'ci_factory_k_ratio{gate="tests"} 0.5',
        'ci_factory_k_ratio{gate="types"} 0.75',
        "# EOF",
    ]


def test_labels_are_escaped() -> None:
    """A gate with quotes, backslashes and newlines in its name can't forge another sample."""
    text = openmetrics([share(METRIC, 1, 2, labels={"gate": 'a"} 1\nevil 1\\'})])
    assert text.splitlines()[-2] == 'ci_factory_k_ratio{gate="a\\"} 1\\nevil 1\\\\"} 0.5'


def test_unknown_is_left_out() -> None:
    """An unknown figure has no sample and no family, rather than zero."""
    assert openmetrics([measure(METRIC, None, 3)]) == "# EOF\n"


def test_all_figures_have_a_place(night: History, now: datetime) -> None:
    """Every known figure of the made night is one sample with a plain number."""
    numbers = figures(night, now)
    samples = [line for line in openmetrics(numbers).splitlines() if not line.startswith("#")]
    assert len(samples) == sum(figure.value is not None for figure in numbers)
    assert all(float(sample.rsplit(" ", 1)[1]) >= 0 for sample in samples)
