"""mini-swe-agent with its deterministic model takes a ticket of the demonstration to a merge request, without any server."""

import json
from pathlib import Path
from typing import Any

import yaml

from tests.agents import tools
from tests.agents.demo_night import run_night

_USED = ((900, 40, 0.02), (1100, 60, 0.03))
"""Tokens in and out and dollars of the two calls that each phase makes."""
_C0 = {
    "objective": "Print negative amounts with their true value.",
    "affected_files": ["src/lendery/formatting.py", "tests/test_formatting.py"],
    "criteria": [
        {
            "criterion": "`money(-150)` is `EUR -1.50` and `money(-5)` is `EUR -0.05`.",
            "how": "divide the magnitude",
        },
        {"criterion": "Amounts of zero and above are printed as before.", "how": "their sign is empty"},
    ],
}
_EDIT = '''
from pathlib import Path
code = Path("src/lendery/formatting.py")
code.write_text(code.read_text().replace(
    '    return f"EUR {cents // 100}.{cents % 100:02d}"',
    '    sign = "-" if cents < 0 else ""\\n    euros, rest = divmod(abs(cents), 100)\\n'
    '    return f"EUR {sign}{euros}.{rest:02d}"'))
tests = Path("tests/test_formatting.py")
tests.write_text(tests.read_text() + """

@pytest.mark.parametrize(
    ("cents", "text"), [(-150, "EUR -1.50"), (-100, "EUR -1.00"), (-5, "EUR -0.05")]
)
def test_a_refund_has_a_minus_and_the_same_digits(cents: int, text: str) -> None:
    assert money(cents) == text
""")
'''
_COMMAND = f"""
if [ "$CI_FACTORY_PHASE" = plan ]; then
cat > "$CI_FACTORY_OUT/comprehension.json" <<'END'
{json.dumps(_C0)}
END
else
python3 - <<'END'
{_EDIT}
END
fi
"""


def _model(folder: Path) -> Path:
    """Settings of a model that always asks for the same two commands and says what that used."""
    commands = (_COMMAND, "echo COMPLETE_TASK_AND_SUBMIT_FINAL_OUTPUT")
    outputs: list[dict[str, Any]] = []
    for command, (read, written, cost) in zip(commands, _USED, strict=True):
        usage = {"prompt_tokens": read, "completion_tokens": written}
        extra = {"actions": [{"command": command}], "cost": cost, "response": {"usage": usage}}
        outputs.append({"role": "assistant", "content": "I run a command.", "extra": extra})
    path = folder / "model.yaml"
    path.write_text(yaml.safe_dump({"model": {"outputs": outputs}}), encoding="utf-8")
    return path


def test_a_real_agent_takes_a_ticket_to_a_merge_request(tmp_path: Path) -> None:
    """Planned, implemented, judged and published; the note has the tokens and dollars of both phases."""
    tools.needs("mini-swe-agent")
    model_class = "minisweagent.models.test_models.DeterministicModel"
    model = _model(tmp_path)
    args = ["--model-class", model_class, "--config", str(model)]
    agent = {"model": "deterministic", "args": args}
    night = run_night(tmp_path / "night", "mini-swe-agent", "102", agent, sandbox={"read": [str(model)]})
    assert night.code == 0, night.said
    attempt = night.attempt
    assert attempt["ending"] == "completed", attempt["reason"]
    assert [run["phase"] for run in attempt["runs"]] == ["plan", "implement"]
    assert [check["source"] for check in attempt["checkpoints"][:1]] == ["agent"]
    assert attempt["usage"] == {"input_tokens": 4000, "output_tokens": 200, "cost_usd": 0.1, "calls": None}
    assert "tokens in, out | 4,000, 200" in night.note
    assert "cost | $0.10" in night.note
