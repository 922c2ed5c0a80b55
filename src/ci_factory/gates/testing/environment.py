"""What the interpreter that runs a project's tests has on board."""

import json

from ci_factory.gates import tools
from ci_factory.gates.protocol import Unmeasurable
from ci_factory.gates.subject import SideName, Subject
from ci_factory.model.base import Value
from ci_factory.system import process

_ASK = """
import importlib.metadata as m, json, sys
def version(name):
    try:
        return m.version(name)
    except m.PackageNotFoundError:
        return None
names = ("pytest", "coverage", "pytest-timeout", "pytest-cov", "pytest-xdist", "pytest-randomly")
print(json.dumps({"python": sys.version.split()[0], "packages": {n: version(n) for n in names}}))
"""


class Interpreter(Value):
    """A Python with its test tools: name to version, `None` when not installed."""

    path: str
    python: str
    packages: dict[str, str | None]

    @property
    def versions(self) -> dict[str, str]:
        """What is installed, Python itself included."""
        found = {name: version for name, version in self.packages.items() if version is not None}
        return {"python": self.python, **found}


def ask(subject: Subject, side: SideName) -> Interpreter:
    """Look at the project's interpreter on one side.

    Raises:
        Unmeasurable: it does not run, or has no pytest.
    """
    path = tools.interpreter(subject, side)
    done = process.run([path, "-I", "-c", _ASK], env=tools.environment(subject), timeout=60)
    try:
        found = Interpreter.model_validate({"path": path, **json.loads(done.stdout)})
    except ValueError as error:
        raise Unmeasurable(
            f"{path} does not run: {tools.last_line(done)}", fix="correct gates.python"
        ) from error
    if found.packages.get("pytest") is None:
        raise Unmeasurable(
            "pytest is not installed for the project's interpreter", where=path, fix=tools.INSTALL
        )
    return found
