"""Calibration and comparison as people read them: Markdown, page, command line."""

import html
import json
import re
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
from click.testing import CliRunner

from ci_factory.cli import report
from ci_factory.config import Config, parse
from ci_factory.metrics import dashboard, overview, words
from ci_factory.metrics.calibration import calibrate
from ci_factory.metrics.calibration.values import Fate
from ci_factory.metrics.calibration_report import calibration_report
from ci_factory.metrics.comparison import compare
from ci_factory.metrics.facts import History
from ci_factory.metrics.figure import Unit
from ci_factory.metrics.page import calibration_picture
from ci_factory.metrics.sample import Sample
from tests.metrics.made_changes import NOW, change, scored

TOLD = [(75.0, 20, 180), (85.0, 180, 20), (97.0, 190, 10)]


def text_of(sample: Sample, config: Config | None = None) -> str:
    settings = config or Config()
    return calibration_report(calibrate(sample, NOW, settings), compare(sample, NOW, settings.metrics))


def section_of(sample: Sample) -> str:
    page = dashboard.render(overview.tell(sample, History(), None, NOW, parse("gates: {threshold: 50}")))
    found = re.search(r'<section aria-labelledby="calibration".*?</section>', page, re.DOTALL)
    assert found
    return found[0]


def test_the_report_has_bands_and_the_lines_to_paste() -> None:
    """Numbers by hand, and YAML in a block that can be copied."""
    text = text_of(scored(TOLD), parse("gates: {threshold: 50}"))
    assert "| 70 to below 80 | 200 | 10 % |" in text or "| 0 to below 80 | 200 | 10 % |" in text
    assert "| 85 to below 90 | 200 | 90 % |" in text or "| 80 to below 90 | 200 | 90 % |" in text
    block = text.split("```yaml\n")[1].split("```")[0]
    assert 75 < parse(block).gates.threshold <= 85
    assert "Nothing is applied by itself." in text


def test_the_report_of_nothing_is_words() -> None:
    """No tables, no traceback: not enough data."""
    text = text_of(Sample())
    assert "Not enough data" in text
    assert "|" not in text


def test_names_by_strangers_have_no_effect_in_the_report() -> None:
    """An agent and an area full of markup: shown, never obeyed; per cent signs and brackets of our own stay plain."""
    hostile = "x](http://evil) @all #1 | `y` <b>"
    parts = [
        change(
            i,
            Fate.UNTOUCHED if i % 3 else Fate.CLOSED,
            agent=hostile if i % 2 else "otter",
            area="/close <img src=x>",
        )
        for i in range(120)
    ]
    text = text_of(Sample(tuple(parts)))
    assert "x\\]" in text
    for effect in ("](http", "@all", " #1", "<b>", "<img", "`y`"):
        assert effect not in text
    assert "67 % (" in text or "(difference" in text
    for row in [line for line in text.splitlines() if line.startswith("|")]:
        assert row.endswith("|")


def test_the_pictures_show_the_numbers() -> None:
    """Bars fill their width, the share of good ones ends where the interval's middle is, dots lie where they must."""
    found = calibrate(scored(TOLD), NOW, Config())
    drawn = calibration_picture.draw(found)
    assert len(drawn.rows) == len(found.bands)
    for row, band in zip(drawn.rows, reversed(found.bands), strict=True):
        assert row.pieces[0].fate is Fate.UNTOUCHED
        assert row.pieces[0].width == pytest.approx(drawn.bar * (band.good or 0))
        assert sum(piece.width for piece in row.pieces) == pytest.approx(drawn.bar)
        assert all(one.x + one.width == pytest.approx(other.x) for one, other in pairwise(row.pieces))
        assert row.low < row.pieces[0].x + row.pieces[0].width < row.high
    assert found.reliability is not None
    for dot, each in zip(drawn.dots, found.reliability.bins, strict=True):
        assert dot.x == pytest.approx(drawn.edge + drawn.side * each.expected)
        assert dot.high < dot.y < dot.low


def test_the_page_shows_pictures_with_words_and_a_table_beside_each() -> None:
    """Each picture has title and description, each number leads to the data."""
    section = section_of(scored(TOLD))
    pictures = re.findall(r"<svg class=\"(?:calibration-bands|reliability)\".*?</svg>", section, re.DOTALL)
    assert len(pictures) == 2
    for picture in pictures:
        assert re.findall(r"<([a-z]+)[ >]", picture)[1:3] == ["title", "desc"]
    assert section.count("The same as a table") == 2
    assert 'data-figure="/calibration/bands/0/n"' in section
    assert "gates:\n  threshold:" in section


@pytest.mark.parametrize("sample", [Sample((change(1, None),)), scored([(90.0, 3, 1)])])
def test_the_page_says_when_there_is_not_enough(sample: Sample) -> None:
    """Something open, four changes: words instead of pictures without meaning."""
    section = section_of(sample)
    assert "Not enough data" in section
    assert "reliability-title" not in section


def test_every_number_of_the_section_is_in_the_data() -> None:
    """What `data-figure` names is in the overview that `report --json` prints."""
    told = overview.tell(scored(TOLD), History(), None, NOW, Config())
    data = json.loads(told.model_dump_json())
    pointers = re.findall(r'data-figure="(/calibration[^"]*)">([^<]*)<', dashboard.render(told))
    assert len(pointers) > 20
    for pointer, shown in pointers:
        value = data
        for part in pointer.strip("/").split("/"):
            value = value[int(part)] if isinstance(value, list) else value[part]
        assert html.unescape(shown) in _said(value)


def _said(value: float | list[float]) -> set[str]:
    if isinstance(value, list):
        return {words.interval_of((value[0], value[1]), Unit.SHARE)}
    return {f"{value:,}", words.amount(value, Unit.SHARE)}


def test_the_command_prints_both_as_text_and_as_data(new_repo: Callable[..., Path], tmp_path: Path) -> None:
    """`report --calibration`, with and without --json, also before the first night."""
    repo, out = new_repo({"README.md": "hello\n"}), tmp_path / "out"
    runner, where = CliRunner(), ["--repo", str(repo), "--out", str(out), "--calibration"]
    text = runner.invoke(report.command, where, catch_exceptions=False)
    assert text.stdout.startswith("# Calibration\n")
    assert "# Agents, like with like" in text.stdout
    data = json.loads(runner.invoke(report.command, [*where, "--json"], catch_exceptions=False).stdout)
    assert data["calibration"]["counted"] == 0
    assert {each["key"] for each in data["comparisons"]} >= {"acceptance_rate", "rework_ratio"}
