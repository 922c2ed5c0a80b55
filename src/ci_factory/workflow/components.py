"""Which of the factory's components a project's pipeline includes, and whether the project is fit for them. Reads only."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from yaml.nodes import SequenceNode

from ci_factory.adoption import components, steps, yaml_text
from ci_factory.adoption.components import Included
from ci_factory.adoption.pipeline_file import FILE_NAME
from ci_factory.config import Config
from ci_factory.errors import FactoryError
from ci_factory.forge.protocol import Forge
from ci_factory.model.health import Check, failed, ok, warning
from ci_factory.model.text import plain
from ci_factory.planning.pipeline_settings import PipelineSettings
from ci_factory.system.git import Git

if TYPE_CHECKING:
    from ci_factory.forge.gitlab.ci_health import Uses

_MAX_BYTES = 1024 * 1024
_TAGS = ("tags", "agent-tags", "gate-tags")
_WITH_AGENTS = {"agents", "batch"}


def here(git: Git, *, on_gitlab: bool) -> Iterator[Check]:
    """What the checkout's pipeline includes. Without GitLab, a project that includes nothing is told nothing."""
    try:
        found = _included(git)
    except (FactoryError, OSError, UnicodeDecodeError) as error:
        what = error.what if isinstance(error, FactoryError) else str(error)
        yield failed("components", f"{FILE_NAME} can't be read: {plain(what, 300)}", "mend it")
        return
    if found:
        yield _described(found)
    elif on_gitlab:
        said = f"{FILE_NAME} includes no component of the factory"
        yield warning("components", said, "ci-factory init adds them, if pipelines are to start it")


def there(git: Git, config: Config, forge: Forge) -> Iterator[Check]:
    """What GitLab says of the project, for the components that are included; nothing when none is."""
    from ci_factory.forge.gitlab import ci_health
    from ci_factory.forge.gitlab.forge import GitLabForge

    try:
        found = _included(git)
    except (FactoryError, OSError, UnicodeDecodeError):  # told by `here`
        return
    if found and isinstance(forge, GitLabForge):
        yield from ci_health.examine(forge.project, _uses(found, config))


def _included(git: Git) -> tuple[Included, ...]:
    path = git.folder / FILE_NAME
    if not path.is_file():
        return ()
    with path.open("rb") as stream:
        text = stream.read(_MAX_BYTES).decode("utf-8-sig")
    return components.included(yaml_text.parse(text, FILE_NAME))


def _described(found: Sequence[Included]) -> Check:
    level = components.level_of(each.name for each in found)
    versions = sorted({each.source.ref for each in found if each.source.ref})
    names = ", ".join(each.name for each in found)
    if len(versions) > 1:
        said = ", ".join(f"{each.name} {each.source.ref}" for each in found)
        return warning("components", f"of different versions: {said}", "ci-factory init --ref VERSION")
    at = f" at {versions[0]}" if versions else ""
    return ok(
        "components",
        plain(f"level {level}: {names} of {found[0].source.project or 'this repository'}{at}", 300),
    )


def _uses(found: Sequence[Included], config: Config) -> "Uses":
    from ci_factory.forge.gitlab.ci_health import Uses

    agents = any(each.name in _WITH_AGENTS for each in found)
    return Uses(
        token_variable=config.forge.token_variable,
        environment=_given(found, "environment") or steps.ENVIRONMENT,
        agent_environment=_given(found, "agent-environment") or steps.AGENT_ENVIRONMENT,
        tags=_tags(found),
        tickets=_number(_given(found, "max-tickets")) or config.batch.max_tickets if agents else None,
        max_jobs=_number(_given(found, "max-jobs")) or PipelineSettings().max_jobs,
    )


def _given(found: Sequence[Included], name: str) -> str | None:
    """The first value that an input is given anywhere."""
    return next((value for each in found if (value := yaml_text.word(each.input(name)))), None)


def _number(text: str | None) -> int | None:
    return int(text) if text is not None and text.isascii() and text.isdigit() else None


def _tags(found: Sequence[Included]) -> tuple[tuple[str, ...], ...]:
    """Each set of tags once; a component that is told none has jobs without tags."""
    sets: dict[tuple[str, ...], None] = {}
    for each in found:
        given = [node for name in _TAGS if isinstance(node := each.input(name), SequenceNode)]
        for node in given:
            sets[tuple(tag for item in node.value if (tag := yaml_text.word(item)))] = None
        if not isinstance(each.input("tags"), SequenceNode):
            sets[()] = None
    return tuple(sets)
