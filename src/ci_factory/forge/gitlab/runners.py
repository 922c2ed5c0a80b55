"""Whether a runner takes the jobs. Reads only."""

from ci_factory.forge.gitlab.errors import NotFound, Refused
from ci_factory.forge.gitlab.project import Project
from ci_factory.model.health import Check, ok, unknown, warning
from ci_factory.model.text import plain

_WHERE = "Settings > CI/CD > Runners"
_ASKED = 20
"""Runners whose details are asked for at most."""


def examine(project: Project, tags: tuple[str, ...]) -> Check:
    """One set of tags: is a runner online that has them all, or, for none, one that takes jobs without tags.

    Raises:
        ForgeError: the server does not answer.
    """
    named = plain(", ".join(tags), 120)
    name = f"runners {named}".strip()
    wanted = {"tag_list": ",".join(tags)} if tags else {}
    try:
        pages = project.api.pages(project.at("runners"), status="online", paused="false", **wanted)
        found = [int(each["id"]) for each in pages]
    except (Refused, NotFound):
        what = f"with the tags {named}" if tags else "that takes jobs without tags"
        return unknown(name, "runners can be read by Maintainers only", f"look for one {what} ({_WHERE})")
    if not found:
        said = f"no runner of the project is online {f'with the tags {named}' if tags else 'at all'}"
        return warning(name, said, f"start one ({_WHERE}), or name others in the inputs `tags`")
    if tags:
        return ok(name, f"{len(found)} online with these tags")
    return _untagged(project, name, found)


def _untagged(project: Project, name: str, found: list[int]) -> Check:
    try:
        takes = [bool(project.api.get(f"/runners/{each}").get("run_untagged")) for each in found[:_ASKED]]
    except (Refused, NotFound):
        return unknown(name, f"{len(found)} online; whether one takes jobs without tags can't be read")
    if any(takes):
        return ok(name, f"{len(found)} online, and jobs without tags are taken")
    if len(found) > _ASKED:
        return unknown(name, f"{len(found)} online; the first {_ASKED} take no jobs without tags")
    said = f"{len(found)} online, and none takes jobs without tags"
    return warning(
        name, said, f"name their tags in the inputs `tags`, or let one run untagged jobs ({_WHERE})"
    )
