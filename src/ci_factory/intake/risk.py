"""How dangerous the change asked for is (SPEC 7): level = probability x impact, the highest of all categories.

Impact (1-4) comes from the words of the ticket and from sensitive paths (3). Probability (1-3) is 1 for trivial and small
tickets, 2 for medium, 3 for large; at least 2 when a sensitive path is touched. Product 1-2 is low, 3-4 medium,
6-8 high, 9-12 critical. When only documentation and tests are touched, words have impact 1: they speak of the thing, the
change does not touch it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from pathspec import GitIgnoreSpec

from ci_factory.config import Config, SensitiveArea
from ci_factory.intake.sections import Body
from ci_factory.intake.tree import Tree, is_document, is_test
from ci_factory.model import globs
from ci_factory.model.text import hidden_characters
from ci_factory.model.ticket import Estimate, Risk, RiskCategory, RiskLevel, Size, Ticket

_MAX_TEXT = 200_000
_IMPACTS: dict[RiskCategory, dict[int, str]] = {
    RiskCategory.SECURITY: {
        4: r"passwords?|authenticat\w+|authori[sz]ation|access control|crypto\w*|encrypt\w*|decrypt\w*|private keys?",
        3: r"log-?ins?|oauth\w*|jwt|tokens?|credentials?|secrets?|permissions?|sessions?|certificates?|sandbox\w*",
        2: r"csrf|xss|cors|sanitis\w+|sanitiz\w+|injection|security",
    },
    RiskCategory.DATA: {
        4: r"personal data|pii|gdpr|retention|delete (?:all|old) \w+|drop (?:table|column)s?",
        3: r"migrations?|database schema|schema change|backups?|data loss",
        2: r"databases?|sql|persist\w*|stored data",
    },
    RiskCategory.ARCHITECTURE: {
        3: r"new service|micro-?services?|new dependenc\w+|redesign|rearchitect\w*|architecture|message queue",
        2: r"rewrite|restructur\w+|dependency upgrade|framework",
    },
    RiskCategory.COMPATIBILITY: {
        3: r"breaking changes?|public api|backwards?[ -]compatib\w+|remove (?:the )?(?:public|api|endpoint)\w*",
        2: r"deprecat\w+|rename (?:the )?(?:public|option|flag|endpoint)\w*|config(?:uration)? format|major (?:version|upgrade)",
    },
    RiskCategory.PERFORMANCE: {
        2: r"performance|latency|throughput|memory leak|concurren\w+|race condition|cach(?:e|es|ing)|locking",
        1: r"slow|faster|optimi[sz]\w+",
    },
}
_WORDS = {
    category: tuple(
        (impact, re.compile(rf"\b(?:{words})\b", re.IGNORECASE)) for impact, words in table.items()
    )
    for category, table in _IMPACTS.items()
}
_SENSITIVE_IMPACT = 3
_PROBABILITY = {Size.TRIVIAL: 1, Size.SMALL: 1, Size.MEDIUM: 2, Size.LARGE: 3}
_PROBABILITY_NAMES = {1: "small", 2: "medium", 3: "large"}


@dataclass(frozen=True)
class _Danger:
    category: RiskCategory
    impact: int
    probability: int
    source: str

    @property
    def level(self) -> RiskLevel:
        product = self.impact * self.probability
        return list(RiskLevel)[sum(product > bound for bound in (2, 4, 8))]

    def __str__(self) -> str:
        probability = _PROBABILITY_NAMES[self.probability]
        return f"{self.category}: {self.level}, impact {self.impact} of 4 by {self.source}, probability {probability}"


def assess_risk(ticket: Ticket, body: Body, estimate: Estimate, tree: Tree, config: Config) -> Risk:
    """Level, categories and their reasons; hidden text in the ticket is among the reasons."""
    dangers = [
        *_spoken_of(ticket, estimate),
        *(danger for area in config.sensitive for danger in _sensitive(area, estimate, tree)),
    ]
    level = max((danger.level for danger in dangers), key=lambda each: each.rank, default=RiskLevel.LOW)
    return Risk(
        level=level,
        categories=tuple(category for category in RiskCategory if category in {d.category for d in dangers}),
        reasons=(*(str(danger) for danger in dangers), *_hidden(ticket, body)),
    )


def _spoken_of(ticket: Ticket, estimate: Estimate) -> Iterator[_Danger]:
    """For each category the word with the highest impact."""
    text = f"{ticket.title}\n{ticket.body}"[:_MAX_TEXT]
    harmless = bool(estimate.files) and all(is_document(path) or is_test(path) for path in estimate.files)
    for category, table in _WORDS.items():
        for impact, words in table:
            if match := words.search(text):
                word = " ".join(match[0].lower().split())[:80]
                probability = _PROBABILITY[estimate.complexity]
                yield _Danger(category, 1 if harmless else impact, probability, f"the word “{word}”")
                break


def _sensitive(area: SensitiveArea, estimate: Estimate, tree: Tree) -> Iterator[_Danger]:
    spec = GitIgnoreSpec.from_lines(area.paths)
    for pattern in estimate.files:
        paths = tree.matching(pattern) or (globs.clean(pattern).rstrip("/*") or pattern,)
        if any(spec.match_file(path) for path in paths):
            probability = max(2, _PROBABILITY[estimate.complexity])
            source = f"the sensitive path {pattern[:200]}"
            yield _Danger(RiskCategory(area.category), _SENSITIVE_IMPACT, probability, source)
            return


def _hidden(ticket: Ticket, body: Body) -> Iterator[str]:
    """What a reader of the ticket can't see may be meant for the agent only."""
    for kind in dict.fromkeys((*ticket.hidden, *hidden_characters(f"{ticket.title}\n{ticket.body}"))):
        yield f"hidden text: the ticket contains {kind} characters"
    if body.unseen:
        pieces = "pieces" if body.unseen > 1 else "piece"
        yield f"hidden text: the body contains {body.unseen} {pieces} that no reader sees, such as an HTML comment"
