"""From the ticket's words to the morning report: files foretold, touched, measured."""

import json
from collections.abc import Callable
from typing import Any

CONFIG = """
batch: {parallel: 2, timeout_minutes: 1}
retries: {limit: 0}
gates: {disabled: [semgrep, mypy, secrets, tests, ruff, complexity, documentation, dependencies]}
integration: {tests: off}
sandbox: off
"""


def test_what_was_foretold_is_measured_in_the_morning(make_line: Callable[..., Any]) -> None:
    """Two tickets write the same module; both claimed it, their tests were not foretold."""
    same = {"files": ["shop/common.py"], "body": "module: common"}
    line = make_line([{"id": "1", **same}, {"id": "2", **same}], CONFIG)
    assert line.cli("intake", "--repo", line.repo, "--tickets", line.tickets, "--out", line.out).code == 0
    shown = line.cli(
        "plan",
        "--repo",
        line.repo,
        "--out",
        line.out,
        *line.argv()[5:7],
        "--dry-run",
        "--conflicts",
        "--json",
    )
    (pair,) = json.loads(shown.out)["conflicts"]["pairs"]
    assert (pair["first"], pair["second"], pair["files"][0]) == ("1", "2", "shop/common.py")
    assert 0.8 < pair["probability"] < 1
    ran = line.run()
    assert ran.code == 0, ran.err
    report = (line.out / "report.md").read_text()
    assert "| Claimed files that were touched | 100 % | 2 of 2 files |" in report
    assert "| Touched files that were claimed | 50 % | 2 of 4 files |" in report
    assert "| Claimed pairs that met | 100 % | 1 of 1 pair |" in report
    told = [json.loads(row) for row in (line.out / "events.jsonl").read_text().splitlines()]
    (event,) = [each for each in told if each["kind"] == "prediction-measured"]
    assert (event["data"]["files"]["hits"], event["data"]["pairs"]["hits"]) == (2, 1)
