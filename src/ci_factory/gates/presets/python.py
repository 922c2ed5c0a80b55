"""Python: its gates are built in (syntax, ruff, mypy, tests by pytest, documentation)."""

from ci_factory.gates.presets.model import Preset

PYTHON = Preset(
    name="python",
    suffixes=(".py", ".pyi"),
    locks=(
        *("pyproject.toml", "setup.py", "setup.cfg", "requirements*.txt", "constraints*.txt", "Pipfile"),
        *("Pipfile.lock", "poetry.lock", "pdm.lock", "uv.lock", "pylock.toml", "pylock.*.toml"),
    ),
)
"""Which of their settings come from the base says gates/configuration.py."""
