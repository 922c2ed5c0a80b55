"""Which agent can do which ticket, by what is declared about both. Pure."""

from collections.abc import Iterable

from ci_factory.config import AgentConfig
from ci_factory.model.languages import languages_of
from ci_factory.model.ticket import Candidate, Size


def is_able(agent: AgentConfig, size: Size, languages: Iterable[str]) -> bool:
    """Whether the agent takes tickets of this size and edits code in all of these languages."""
    known = frozenset(agent.languages)
    return agent.max_size.rank >= size.rank and (not known or known.issuperset(languages))


def languages(candidate: Candidate) -> frozenset[str]:
    """Languages of the files that a ticket is thought to touch."""
    return languages_of(candidate.estimate.files)
