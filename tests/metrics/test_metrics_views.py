"""The parts that the page's filters offer: the same figures as of the rows themselves, bounded, and said when left out."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest

from ci_factory.metrics import views
from ci_factory.metrics.figure import Figure
from ci_factory.metrics.figures import figures
from ci_factory.metrics.sample import Sample, Wanted
from ci_factory.metrics.views import OTHER, PERIODS, View, Views, name_of
from tests.metrics.made_rows import rows


def compute(part: Sample, now: datetime) -> list[Figure]:
    return [each for each in figures(part, now) if "gate" not in each.labels]


def told(sample: Sample, now: datetime) -> Views:
    return views.tell(sample, now, compute(sample, now), lambda part: compute(part, now))


def values(numbers: Sequence[Figure]) -> dict[str, tuple[float | None, int, tuple[float, float] | None, str]]:
    return {name_of(each): (each.value, each.n, each.interval, each.note) for each in numbers}


def where(view: View, now: datetime) -> Wanted:
    weeks = dict(PERIODS)[view.period]
    since = None if weeks is None else (now - timedelta(weeks=weeks)).timestamp()
    return Wanted(since, None, view.project, view.agent, view.area)


def test_a_view_is_what_the_rows_say(now: datetime) -> None:
    """Every figure of every view is that of the same rows, chosen from the sample one by one."""
    sample = rows(150, now, projects=2)
    found = [view for view in told(sample, now).views if OTHER not in {view.project, view.agent, view.area}]
    assert len(found) > 150
    for view in found[::7]:
        part = sample.where(where(view, now))
        assert view.changes == len(part.changes)
        said = {each.key: (each.value, each.n, each.interval, each.note) for each in view.figures}
        assert said == values(compute(part, now))


def test_what_is_beyond_the_largest_comes_together(now: datetime) -> None:
    """Areas beyond the largest eight, and what has no agent, are one choice each; with it every change is in one part."""
    sample = rows(200, now)
    changes = tuple(row._replace(agent=None) if row.iid % 10 == 0 else row for row in sample.changes)
    found = told(sample._replace(changes=changes), now)
    assert found.areas[-1] == OTHER
    assert len(found.areas) == 9
    assert found.others == {"agents": 1, "areas": 4}
    for name in ("agent", "area"):
        parts = [
            view.changes
            for view in found.views
            if view.period == "all"
            and getattr(view, name)
            and [view.project, view.agent, view.area].count(None) == 2
        ]
        assert sum(parts) == 200


def test_one_of_a_kind_is_no_choice(now: datetime) -> None:
    """What has one name only can't be chosen, and without changes there is nothing to choose."""
    found = told(rows(40, now), now)
    assert found.projects == ()
    assert [view.project for view in found.views] == [None] * len(found.views)
    assert told(Sample(), now) == Views(periods=found.periods)


def test_views_are_bounded_and_that_is_said(now: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the most views, and beyond the most changes, parts are left out and counted; whole periods never are."""
    sample = rows(120, now, projects=2)
    every = told(sample, now)
    monkeypatch.setattr(views, "MOST", 20)
    few = told(sample, now)
    assert (len(few.views), few.left_out) == (20, len(every.views) - 20)
    monkeypatch.setattr(views, "MOST", 600)
    monkeypatch.setattr(views, "LARGE", 3)
    small = told(sample, now)
    assert small.left_out == len(every.views) - len(small.views) > 0
    whole = [view for view in small.views if (view.project, view.agent, view.area) == (None, None, None)]
    assert len(whole) == len(PERIODS)


def test_the_same_rows_are_computed_once(now: datetime) -> None:
    """Periods that hold the same rows share their figures."""
    sample = rows(30, now, days=10)
    counted = 0

    def count(part: Sample) -> list[Figure]:
        nonlocal counted
        counted += 1
        return compute(part, now)

    found = views.tell(sample, now, compute(sample, now), count)
    assert counted < len(found.views) / 2
