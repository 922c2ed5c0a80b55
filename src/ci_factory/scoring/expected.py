"""Which gates there are and what they feed: a result that is missing must not look like a pass."""

from ci_factory.model.gate import Component

EXPECTED: dict[str, Component] = {
    "policy": Component.POLICY,
    "tampering": Component.POLICY,
    "syntax": Component.SYNTAX,
    "ruff": Component.SYNTAX,
    "mypy": Component.SYNTAX,
    "tests": Component.TESTS,
    "semgrep": Component.SECURITY,
    "secrets": Component.SECURITY,
    "dependencies": Component.SECURITY,
    "complexity": Component.COMPLEXITY,
    "documentation": Component.DOCUMENTATION,
}
"""The registry of gates, as scoring knows it; a test keeps the two equal."""
