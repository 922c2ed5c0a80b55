"""All gates by name. Adding one: a module, a line here, and its component in scoring/expected.py."""

from ci_factory.gates.complexity import ComplexityGate
from ci_factory.gates.dependencies.gate import DependenciesGate
from ci_factory.gates.documentation import DocumentationGate
from ci_factory.gates.mypy import MypyGate
from ci_factory.gates.policy import PolicyGate
from ci_factory.gates.protocol import Gate
from ci_factory.gates.ruff import RuffGate
from ci_factory.gates.secrets import SecretsGate
from ci_factory.gates.semgrep import SemgrepGate
from ci_factory.gates.syntax import SyntaxGate
from ci_factory.gates.tampering.gate import TamperingGate
from ci_factory.gates.testsuite import TestsGate

GATES: dict[str, Gate] = {
    "policy": PolicyGate(),
    "tampering": TamperingGate(),
    "syntax": SyntaxGate(),
    "ruff": RuffGate(),
    "mypy": MypyGate(),
    "tests": TestsGate(),
    "semgrep": SemgrepGate(),
    "secrets": SecretsGate(),
    "dependencies": DependenciesGate(),
    "complexity": ComplexityGate(),
    "documentation": DocumentationGate(),
}
"""In the order of the table that people read."""
