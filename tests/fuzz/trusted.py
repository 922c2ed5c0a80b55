"""Modules that parse, and why no target leads there: nobody else writes what they read, or it is fuzzed behind another door."""

_COMMAND = "an option of the person who runs the command"
_OURS = "rows of our own database, which only this code writes"
_NOTED = "a line of our own note, in JSON that was parsed before; what is odd counts as not told"
_TOOL = (
    "what a tool prints that we start; a shape that it never has makes its gate inconclusive (tests/gates)"
)
_BESIDE = "runs beside a project's tests, where there is nothing to lose; what it tells is read by gates.testing.records"
_INSIDE = "fuzzed by every target of the readers that use it"

TRUSTED: dict[str, str] = {
    "cli.intake": _COMMAND,
    "cli.plan_screen": _COMMAND,
    "cli.status": "a moment that our own status wrote just before",
    "cli.sweep": _COMMAND,
    "forge.gitlab.leases": "one JSON value of a bounded message, fuzzed as artifact-lease",
    "forge.gitlab.versions": "moments in answers whose shape forge.gitlab.shapes answers for, as in all gitlab-* targets",
    "forge.gitlab.wire": "the Date header, read as forge.gitlab.rates reads it (gitlab-headers)",
    "forge.local.collecting": _OURS,
    "forge.local.issues": _OURS,
    "forge.local.leases": _OURS,
    "gates.functions": _TOOL,
    "gates.mypy": _TOOL,
    "gates.reports.xmlstream": _INSIDE,
    "gates.ruff": _TOOL,
    "gates.secrets": _TOOL,
    "gates.semgrep": _TOOL,
    "gates.survey": _TOOL,
    "gates.testing.channel": "needs the secret of one run; what it hands on is fuzzed as test-records",
    "gates.testing.coverage": _TOOL,
    "gates.testing.environment": _TOOL,
    "gates.testing.plugin.bootstrap": "the order that we send to our own process",
    "gates.testing.plugin.ci_factory_canaries": _BESIDE,
    "gates.testing.plugin.ci_factory_mutation": _BESIDE,
    "gates.testing.plugin.coverage_reader": _BESIDE,
    "manifests.places": _INSIDE,
    "metrics.gathering": _OURS,
    "metrics.storing.chain": _OURS,
    "metrics.storing.packed": _OURS,
    "metrics.storing.store": _OURS,
    "model.commands": "part of the configuration, fuzzed as settings",
    "model.plain_ini": _INSIDE,
    "model.plain_toml": _INSIDE,
    "model.plain_yaml": _INSIDE,
    "model.review_settings": "part of the configuration, fuzzed as settings",
    "system.ci_env": "variables that GitLab sets",
    "system.network_door": "said by our own process before the agent starts",
    "system.sandbox": "said by bubblewrap before the agent starts",
    "system.sandbox_entry": "an argument that we give to our own process",
    "work.agents.autofix_dependencies": "what pip and npm print that we start",
    "work.agents.autofix_semgrep": "our own rules, and what semgrep prints that we start",
    "work.agents.scripted_player": "a script that the configuration names",
    "work.ruff_findings": "what ruff prints that we start",
    "workflow.bug_issues": _OURS,
    "workflow.earlier": "JSON of batch.json, fuzzed as artifact-earlier",
    "workflow.verdicts": _NOTED,
}
