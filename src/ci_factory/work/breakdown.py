"""What is known of a call that failed, gathered for its class."""

from ci_factory.model.failure import Failure
from ci_factory.system.clock import local_zone
from ci_factory.work.agent_call import Call
from ci_factory.work.context import WorkContext
from ci_factory.work.credentials import credential_of, missing_key
from ci_factory.work.failures import Evidence, classify


def failure_of(call: Call, ctx: WorkContext) -> Failure:
    """The class of a call that did not end well."""
    evidence = Evidence(
        call.run.ended,
        call.returncode,
        call.run.detail,
        call.said,
        call.refusals,
        watched=call.watched,
        keyless=missing_key(ctx.agent, ctx.adapter.capability),
        credential=credential_of(ctx.agent, ctx.adapter.capability),
    )
    failure = classify(evidence, ctx.clock.now(), local_zone())
    assert failure is not None  # noqa: S101 - the call did not end well
    return failure
