"""The ways out that fit each case, and what is asked. The first is always the one that lets the work go on."""

from dataclasses import dataclass

from ci_factory.model.attempt import Option
from ci_factory.model.ticket import RiskLevel


@dataclass(frozen=True)
class Ways:
    """What a person is offered."""

    question: str
    options: tuple[Option, ...]
    recommendation: str


_MEDIUM, _HIGH = RiskLevel.MEDIUM, RiskLevel.HIGH


def _yes(title: str, pros: str, cons: str, risk: RiskLevel) -> Option:
    return Option(title=title, pros=pros, cons=cons, risk=risk)


def _no(title: str, pros: str, cons: str, risk: RiskLevel) -> Option:
    """The work goes on without what was asked about."""
    return Option(title=title, pros=pros, cons=cons, risk=risk, declines=True)


def _ways(question: str, recommendation: str, *options: Option) -> Ways:
    by_hand = Option(
        title="Do it by hand",
        pros="a person keeps the decision",
        cons="takes a developer's time",
        by_hand=True,
    )
    return Ways(question, (*options, by_hand), recommendation)


WAYS: dict[str, Ways] = {
    "new-dependency": _ways(
        "May the project depend on this, and on which version?",
        "agree when it is maintained, licensed as you need it, and saves more code than it brings",
        _yes(
            "Take the dependency",
            "less code of your own to keep",
            "runs with all rights of the project, and has to be kept up to date",
            _MEDIUM,
        ),
        _no(
            "Do it without a new dependency",
            "nothing new to trust",
            "more code to write and to test",
            RiskLevel.LOW,
        ),
    ),
    "new-service": _ways(
        "Who runs it, and does it have to be a part of its own?",
        "write the decision down before there is code",
        _yes(
            "Make it as asked",
            "parts can be deployed and scaled apart",
            "one more thing to run, watch and secure",
            _HIGH,
        ),
        _no(
            "Build it into what is there",
            "nothing new to run",
            "parts stay bound to each other",
            RiskLevel.LOW,
        ),
    ),
    "schema": _ways(
        "How is what is stored already brought along, and can the old code still run beside it?",
        "agree when the change only adds, and the way back is known",
        _yes(
            "Change the schema as asked",
            "data has the shape that the code needs",
            "old versions and stored data have to be brought along",
            _MEDIUM,
        ),
        _yes(
            "Only add, and leave what is there",
            "the way back stays open",
            "two shapes for a while",
            RiskLevel.LOW,
        ),
    ),
    "boundary": _ways(
        "Is this the shape that you want the code to have?",
        "write the decision down before there is code",
        _yes(
            "Let it have that shape",
            "each part has its place",
            "hard to take back once others build on it",
            _MEDIUM,
        ),
        _no("Keep the present boundaries", "a smaller change", "the code stays where it is", RiskLevel.LOW),
    ),
    "access": _ways(
        "Who may do what afterwards, and who has to review it?",
        "name what must stay forbidden, and who reviews",
        _yes(
            "Go on, and let somebody who knows the area review it",
            "the change gets made",
            "a mistake lets strangers in",
            _HIGH,
        ),
        _yes(
            "Go on with limits that the reply names",
            "what must not change is said",
            "the agent may still be wrong",
            _MEDIUM,
        ),
    ),
    "crypto": _ways(
        "Which algorithm, which key, and what becomes of what is already protected with the old one?",
        "name a vetted library and algorithm; nothing home-made",
        _yes(
            "Go on with a vetted library and algorithm that the reply names",
            "known to be sound",
            "stored data may need both ways for a while",
            _HIGH,
        ),
        _no(
            "Leave the protection and solve the rest",
            "nothing gets weaker",
            "the ticket is done in part",
            RiskLevel.LOW,
        ),
    ),
    "secrets": _ways(
        "Where does the secret live, and who may read it?",
        "keep it in the CI variables or a vault, never in the repository",
        _yes(
            "Read it from the environment or a vault",
            "it is in no file",
            "has to be set up where it runs",
            _MEDIUM,
        ),
        _yes("Go on as asked", "nothing else to set up", "whoever reads the file has the secret", _HIGH),
    ),
    "protection": _ways(
        "For whom is the protection changed, and what still holds?",
        "narrow it to exactly the callers that need it",
        _yes("Go on for the named callers only", "no more is opened than needed", "a list to keep", _MEDIUM),
        _yes("Go on as asked", "does what the ticket says", "may open more than is meant", _HIGH),
    ),
    "migration": _ways(
        "Is there a backup, how long may it take, and what is the way back?",
        "agree when it was tried on a copy and can be taken back",
        _yes("Go on, with a way back", "can be undone", "more to write and to test", _MEDIUM),
        _yes("Go on as it is", "less work", "what is lost is lost", _HIGH),
    ),
    "personal": _ways(
        "For what purpose is it needed, for how long, and who agreed to that?",
        "ask whoever answers for data protection",
        _yes(
            "Go on, for the purpose and time that the reply names",
            "the purpose is on record",
            "more personal data to protect",
            _HIGH,
        ),
        _no(
            "Do it without personal data", "nothing more to protect", "the feature may do less", RiskLevel.LOW
        ),
    ),
    "retention": _ways(
        "How long must and may it be kept, and who decided so?",
        "name the rule that it follows, and try it on a copy first",
        _yes(
            "Go on with the period that the reply names",
            "follows a rule",
            "what is deleted does not come back",
            _HIGH,
        ),
        _yes(
            "Only mark what would be deleted, and let people look first",
            "nothing is lost",
            "a second step is needed",
            RiskLevel.LOW,
        ),
    ),
    "backup": _ways(
        "Was a restore tried with it?",
        "agree when a restore is tried as part of the work",
        _yes("Go on, and try a restore", "it is known to work", "takes time and room", _MEDIUM),
        _yes(
            "Leave the present way in place beside it",
            "nothing is lost when it fails",
            "two ways for a while",
            RiskLevel.LOW,
        ),
    ),
    "public-api": _ways(
        "Who uses it today, and how long does the old way have to work?",
        "keep the old way working for a release, and say so in the changelog",
        _yes(
            "Keep the old way working, with a deprecation",
            "nobody is broken today",
            "two ways for a while",
            RiskLevel.LOW,
        ),
        _yes("Break it now", "less code", "everybody who uses it has to change at once", _HIGH),
    ),
    "deprecation": _ways(
        "From when, until when, and what is used in its place?",
        "name the version that removes it",
        _yes(
            "Deprecate it, and name the version that removes it",
            "people can plan",
            "a promise to keep",
            RiskLevel.LOW,
        ),
        _no("Leave it undeprecated for now", "nobody is bothered", "the old way stays", RiskLevel.LOW),
    ),
    "config-format": _ways(
        "Does the old form have to be read too, and for how long?",
        "read both forms for a release",
        _yes(
            "Read both forms, and say which is the new one",
            "nobody's settings break",
            "two forms for a while",
            RiskLevel.LOW,
        ),
        _yes("Only the new form", "less code", "settings of users stop working with the upgrade", _HIGH),
    ),
    "major-upgrade": _ways(
        "Which of its breaking changes concern this project?",
        "do it as a change of its own, with its upgrade notes read",
        _yes(
            "Upgrade, with its breaking changes worked through",
            "supported again",
            "behaviour may change in places without tests",
            _MEDIUM,
        ),
        _no("Stay on the present major version", "nothing changes", "fixes may end some day", RiskLevel.LOW),
    ),
    "support": _ways(
        "Who still uses what is no longer supported?",
        "end it with the next minor or major release, and announce it",
        _yes("End it, and announce it", "less to keep", "users of the old version stay behind", _MEDIUM),
        _no(
            "Keep supporting it",
            "nobody stays behind",
            "the old way has to be kept and tested",
            RiskLevel.LOW,
        ),
    ),
    "open-question": _ways(
        "What is the answer to what the ticket leaves open?",
        "answer in your own words: the agent is given them",
        _yes(
            "Decide it in the reply",
            "the work goes on with what you want",
            "takes a few minutes",
            RiskLevel.LOW,
        ),
        _yes("Leave the choice to the agent", "no time of yours", "it may not be what you want", _MEDIUM),
    ),
    "several-ways": _ways(
        "Which of the ways is it to be?",
        "name one in the reply, and what speaks for it",
        _yes("Take the way that the reply names", "what you want", "takes a few minutes", RiskLevel.LOW),
        _yes("Leave the choice to the agent", "no time of yours", "the other way may fit better", _MEDIUM),
    ),
    "contradiction": _ways(
        "Which of the criteria holds?",
        "name the one that holds, and correct the ticket",
        _yes(
            "Go on with the criterion that the reply names",
            "the work can be judged",
            "takes a few minutes",
            RiskLevel.LOW,
        ),
        _yes(
            "Leave the choice to the agent", "no time of yours", "half of the criteria will not be met", _HIGH
        ),
    ),
}
"""By the kind of a signal."""
