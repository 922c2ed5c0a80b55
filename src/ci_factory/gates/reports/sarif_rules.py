"""What a SARIF run says about its tool: rules with their severity, and whether they are about security."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from ci_factory.errors import ArtifactError
from ci_factory.gates.reports.limits import MAX_RULES
from ci_factory.gates.reports.reading import a_list, an_object, name, optional_text
from ci_factory.model.base import Json

SECURITY_TOOLS = (
    "bandit",
    "brakeman",
    "checkov",
    "codeql",
    "dependency-check",
    "detect-secrets",
    "find-sec-bugs",
    "gitleaks",
    "gosec",
    "grype",
    "hadolint",
    "kics",
    "kubesec",
    "osv-scanner",
    "nodejsscan",
    "njsscan",
    "psalm-taint",
    "semgrep",
    "snyk",
    "sobelow",
    "terrascan",
    "tfsec",
    "trivy",
    "trufflehog",
    "zap",
)
"""Scanners that are about security also where a rule does not say so; matched at the start of the tool's name."""
SECRET_TOOLS = ("gitleaks", "trufflehog", "detect-secrets")
"""Scanners whose every result is a credential; several of them give no severity."""


class Rule(NamedTuple):
    """What later counts of a rule."""

    name: str = ""
    level: Json = None
    score: Json = None
    """`security-severity`, as it was written; `None` when there is none."""
    security: bool = False
    help: str = ""


@dataclass
class Rules:
    """All rules of a run, by place in the tool's components and by id."""

    tool: str
    places: dict[tuple[int, int], Rule] = field(default_factory=dict)
    ids: dict[str, Rule] = field(default_factory=dict)

    @property
    def security(self) -> bool:
        """Whether the tool is known for it, or a rule says so."""
        return is_one_of(self.tool, SECURITY_TOOLS) or any(rule.security for rule in self.ids.values())

    def of(self, result: dict[str, Json]) -> Rule:
        """The rule that a result is about; one that nobody described has just its name.

        Raises:
            ArtifactError: the result names no rule.
        """
        reference = an_object(result.get("rule"), "rule")
        said = optional_text(result.get("ruleId") or reference.get("id"), "ruleId", 1000)
        index = result.get("ruleIndex", reference.get("index"))
        component = an_object(reference.get("toolComponent"), "toolComponent").get("index", -1)
        known = self.places.get((component, index)) if type(index) is int and type(component) is int else None
        # `ruleId` may be a hierarchical string below the rule's own id (SARIF 2.1.0, 3.27.5)
        known = known or self.ids.get(said) or self.ids.get(said.rpartition("/")[0])
        if known is None and not said:
            raise ArtifactError("has a result that names no rule")
        return (known or Rule())._replace(name=said or known.name if known else said)


def rules_of(tool: Json) -> Rules:
    """Read `runs[].tool`: the driver and its extensions.

    Raises:
        ArtifactError: it names no tool, or describes too many rules.
    """
    driver = an_object(an_object(tool, "tool")["driver"], "driver")
    found = Rules(name(driver["name"], "tool.driver.name"))
    components = [driver, *a_list(tool.get("extensions"), "extensions")]
    for place, component in enumerate(components, -1):
        for index, rule in enumerate(_rules(component)):
            found.places[place, index] = rule
            found.ids.setdefault(rule.name, rule)
    if len(found.places) > MAX_RULES:
        raise ArtifactError(f"describes more than {MAX_RULES} rules")
    return found


def is_security(properties: dict[str, Json]) -> bool:
    """By GitHub's and semgrep's conventions: a tag `security`, or one that names a CWE."""
    tags = [tag.lower() for tag in a_list(properties.get("tags"), "tags") if isinstance(tag, str)]
    return "security-severity" in properties or any(
        tag == "security" or tag.startswith(("cwe-", "external/cwe/")) for tag in tags
    )


def is_one_of(tool: str, names: tuple[str, ...]) -> bool:
    """Whether a tool's name starts with one of these, whatever stands behind it (`Semgrep OSS`)."""
    return tool.lower().replace(" ", "-").startswith(names)


def _rules(component: Json) -> Iterator[Rule]:
    for row in a_list(an_object(component, "component").get("rules"), "rules"):
        properties = an_object(row.get("properties"), "properties")
        level = an_object(row.get("defaultConfiguration"), "defaultConfiguration").get("level")
        relations = [str(each)[:2000] for each in a_list(row.get("relationships"), "relationships")]
        yield Rule(
            name=name(row["id"], "rule id"),
            level=level,
            score=properties.get("security-severity"),
            security=is_security(properties) or any("CWE" in each for each in relations),
            help=optional_text(row.get("helpUri"), "helpUri"),
        )
