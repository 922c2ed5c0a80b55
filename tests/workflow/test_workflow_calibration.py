"""Earlier nights teach intake how much each kind of evidence is worth."""

from collections.abc import Callable
from pathlib import Path

from ci_factory.metrics.facts import History, PredictionFact
from ci_factory.model.planning_settings import PlanningConfig
from ci_factory.model.prediction import Calibration, Evidence, EvidenceKind, TouchedFile
from ci_factory.model.ticket import IntakeReport
from ci_factory.system import records
from ci_factory.system.layout import Layout
from ci_factory.workflow import predictions

TICKET = "---\nid: t1\n---\n# Mend it\n\nSee shop/cart.py.\n\n## Acceptance criteria\n- `total()` of nothing is 0\n"


def remember(layout: Layout) -> None:
    """Facts as `ci-factory collect` leaves them: files that were named thirty times, and never touched."""
    why = (Evidence(kind=EvidenceKind.NAMED, weight=0.7, why=""),)
    facts = tuple(
        PredictionFact(
            batch="b",
            ticket=f"t{number}",
            threshold=0.5,
            touched=(TouchedFile(path="a.py", probability=0.7, why=why),),
            files=("z.py",),
        )
        for number in range(30)
    )
    layout.prepare()
    records.write_model(layout.root / "facts.json", History(predictions=facts))


def test_nothing_known_changes_no_weight(tmp_path: Path) -> None:
    """An empty output folder, and one whose facts are damaged."""
    assert predictions.calibration(Layout(tmp_path), PlanningConfig()) == Calibration()
    (tmp_path / "facts.json").write_text("{", encoding="utf-8")
    assert predictions.calibration(Layout(tmp_path), PlanningConfig()) == Calibration()


def test_intake_uses_and_says_what_was_measured(
    tmp_path: Path, new_repo: Callable[..., Path], factory_cli: Callable[..., object]
) -> None:
    """Thirty misses make a named file less probable than its prior weight; intake.json has the factor."""
    repo, out = new_repo({"shop/cart.py": "CART = 1\n", "tickets/t1.md": TICKET}), tmp_path / "out"
    remember(Layout(out))
    ran = factory_cli("intake", "--repo", repo, "--tickets", repo / "tickets", "--out", out)
    intake = records.read_model(Layout(out).intake, IntakeReport)
    assert intake.calibration.tickets == 30, ran
    factor = intake.calibration.factors[EvidenceKind.NAMED]
    assert 0.45 < factor < 0.5
    cart = next(file for file in intake.candidates[0].estimate.touched if file.path == "shop/cart.py")
    named = next(each for each in cart.why if each.kind is EvidenceKind.NAMED)
    assert named.weight == 0.7
    assert cart.probability < 0.7
    assert "recalibrated from 30 measured tickets: named x 0.49" in str(ran)
