"""What every figure means. The words stand beside the number wherever it is shown."""

from ci_factory.metrics.figure import Metric, Target, Unit

_HOUR = 3600.0
_KAPLAN_MEIER = "Kaplan-Meier: what is still open counts as waiting so far."
_CLOSED = (
    "What is closed without it is censored at closing: how long it takes where nothing else comes first."
)
_UNKNOWN = "Unknown when any part is unknown."

TICKETS_PER_WEEK = Metric(
    key="tickets_per_week",
    name="Tickets per week",
    unit=Unit.COUNT,
    definition="Tickets whose merge request merged in the last 7 days. A count of all there is, so without an interval.",
)
LINES_PER_WEEK = Metric(
    key="lines_per_week",
    name="Net lines per week",
    unit=Unit.COUNT,
    definition="Lines added minus lines removed by merge requests merged in the last 7 days. Volume, not value; a count of all there is, so without an interval.",
)
ACCEPTANCE = Metric(
    key="acceptance_rate",
    name="Acceptance rate",
    unit=Unit.SHARE,
    target=Target(above=0.8),
    definition="Merged / (merged + closed unmerged), of the merge requests created at least metrics.maturity_days ago, each as it stood at that age.",
)
MERGED_BY_DAY = Metric(
    key="merged_by_day",
    name="Merged by day",
    unit=Unit.SHARE,
    definition="Merge requests merged at most so many days after they were created / all. Aalen-Johansen: what is still open is censored, closing unmerged is an end that competes and never counts as merging later.",
)
FIRST_PASS = Metric(
    key="first_pass_approval",
    name="First-pass approval",
    unit=Unit.SHARE,
    target=Target(above=0.6),
    definition="Approved with no new version after the first human review / decided. Merging counts as approving.",
)
REWORK = Metric(
    key="rework_ratio",
    name="Rework ratio",
    unit=Unit.SHARE,
    target=Target(below=0.3),
    definition="Merge requests with a new version after the first human review / decided.",
)
REWORKED_LINES = Metric(
    key="reworked_lines_ratio",
    name="Lines changed after review",
    unit=Unit.SHARE,
    definition="Lines that versions after the first human review changed / lines added and removed in the end, of decided merge requests where both are known. Above 100 % where lines were changed more than once.",
)
CHURN = Metric(
    key="churn_ratio",
    name="Early churn",
    unit=Unit.SHARE,
    definition="Lines added by merged changes that were gone or changed metrics.churn_days after the merge / lines they added, of changes that old.",
)
DEFECTS = Metric(
    key="post_merge_defects",
    name="Post-merge defects",
    unit=Unit.SHARE,
    target=Target(below=0.05),
    definition="Merge requests with a revert or a linked bug within metrics.defect_days of the merge / merge requests merged and observed at least that long.",
)
SCORE_MEAN = Metric(
    key="score_mean",
    name="Mean quality score",
    unit=Unit.POINTS,
    target=Target(above=85),
    definition="Mean of the newest score of every judged change, 0 to 100. A change without a score is left out.",
)
SCORE_MEDIAN = Metric(
    key="score_median",
    name="Median quality score",
    unit=Unit.POINTS,
    definition="Median of the newest score of every judged change, 0 to 100.",
)
GATE_PASS = Metric(
    key="gate_pass_rate",
    name="Gate pass rate",
    unit=Unit.SHARE,
    definition="Changes that the gate passed / changes that it ran on. Inconclusive and blocked are no pass; skipped says nothing and is left out.",
)
GATE_FIRST_PASS = Metric(
    key="gate_first_pass_rate",
    name="Gate first-pass rate",
    unit=Unit.SHARE,
    definition="Changes that the gate passed after a single act-observe-fix round / changes that it ran on.",
)
GATE_SECONDS = Metric(
    key="gate_seconds",
    name="Gate seconds",
    unit=Unit.SECONDS,
    definition="Median time of one run of the gate. Runs of unknown length are left out.",
)
GATE_FALSE_POSITIVES = Metric(
    key="gate_false_positives",
    name="Gate overridden by people",
    unit=Unit.SHARE,
    definition="Changes that people merged although the gate had failed or blocked them, and that had no defect since / decided changes that it had failed or blocked.",
)
GATE_FAILURES = Metric(
    key="gate_failures",
    name="Not passed",
    unit=Unit.SHARE,
    definition="Changes that the gate did not pass / changes that it ran on.",
)
GATE_FINDINGS = Metric(
    key="gate_findings",
    name="New findings",
    unit=Unit.NUMBER,
    definition="Mean number of new findings that nobody suppressed, over changes that the gate ran on.",
)
TIME_TO_FIRST_MR = Metric(
    key="time_to_first_mr",
    name="Time to first merge request",
    unit=Unit.SECONDS,
    target=Target(below=4 * _HOUR),
    definition=f"Median of: merge request created - trigger label added. {_KAPLAN_MEIER} {_CLOSED}",
)
PICKUP_TIME = Metric(
    key="pickup_time",
    name="Pickup time",
    unit=Unit.SECONDS,
    definition=f"Median of: first human note, approval or merge - merge request ready (no draft). {_KAPLAN_MEIER} {_CLOSED}",
)
REVIEW_TIME = Metric(
    key="review_time",
    name="Review time",
    unit=Unit.SECONDS,
    target=Target(below=2 * _HOUR),
    definition=f"Median of: merge request ready (no draft) - approved, merged or closed. {_KAPLAN_MEIER}",
)
TIME_TO_MERGE = Metric(
    key="time_to_merge",
    name="Time to merge",
    unit=Unit.SECONDS,
    definition=f"Median of: merge request ready (no draft) - merged. {_KAPLAN_MEIER} {_CLOSED}",
)
TIME_TO_MERGE_P90 = Metric(
    key="time_to_merge_p90",
    name="Time to merge, 90th percentile",
    unit=Unit.SECONDS,
    definition=f"Nine of ten merge within this time. {_KAPLAN_MEIER} {_CLOSED}",
)
CYCLE_TIME = Metric(
    key="cycle_time",
    name="Cycle time",
    unit=Unit.SECONDS,
    target=Target(below=24 * _HOUR),
    definition=f"Median of: trigger label added - merged. {_KAPLAN_MEIER} {_CLOSED}",
)
HUMAN_TIME = Metric(
    key="human_minutes_per_mr",
    name="Human time per merge request",
    unit=Unit.MINUTES,
    target=Target(below=15),
    definition="Median time that people spent on a decided merge request: as recorded on the forge, else estimated from sessions of what they did there. The note says how many are which.",
)
COST_PER_TICKET = Metric(
    key="cost_per_ticket",
    name="Cost per ticket",
    unit=Unit.USD,
    definition=f"What all attempts cost, failed ones too / tickets worked on. {_UNKNOWN}",
)
COST_PER_ACCEPTED = Metric(
    key="cost_per_accepted_mr",
    name="Cost per accepted merge request",
    unit=Unit.USD,
    definition=f"What all attempts cost, failed ones too / merged merge requests. {_UNKNOWN}",
)
COST_PER_LINE = Metric(
    key="cost_per_merged_line",
    name="Cost per net merged line",
    unit=Unit.USD,
    definition=f"What all attempts cost, failed ones too / lines added minus lines removed by merged merge requests. {_UNKNOWN}",
)
HOURS_SAVED = Metric(
    key="hours_saved",
    name="Hours saved",
    unit=Unit.HOURS,
    definition="Hours that merged changes are assumed to take by hand (metrics.by_hand_hours, by size) minus the hours that people spent on merged and closed merge requests. Only the range is given: it is an assumption, not a measurement.",
)
ESCALATION_RATE = Metric(
    key="escalation_rate",
    name="Escalation rate",
    unit=Unit.SHARE,
    target=Target(below=0.2),
    definition="Attempts that ended with a question to a person / attempts that were not put off.",
)
ESCALATION_WAIT = Metric(
    key="escalation_wait",
    name="Wait for an answer",
    unit=Unit.SECONDS,
    definition=f"Median of: question answered - question asked. {_KAPLAN_MEIER}",
)
CONFLICT_RATE = Metric(
    key="conflict_rate",
    name="Conflict rate",
    unit=Unit.SHARE,
    target=Target(below=0.05),
    definition="Pairs of a batch's changes that git does not merge with each other / all pairs that were tried, over all batches. The interval allows for pairs of one batch being alike.",
)
NO_CHANGE_RATE = Metric(
    key="no_change_rate",
    name="No-change rate",
    unit=Unit.SHARE,
    definition="Attempts that changed nothing / attempts that were not put off.",
)
UTILISATION = Metric(
    key="utilisation",
    name="Agent utilisation",
    unit=Unit.SHARE,
    target=Target(above=0.7),
    definition="Time that lanes were busy / (lanes x time from the first start to the last end), over all nights.",
)
ITERATIONS = Metric(
    key="iterations",
    name="Iterations",
    unit=Unit.COUNT,
    definition="Median number of act-observe-fix rounds of an attempt.",
)

PREDICTED_PRECISION = Metric(
    key="predicted_files_precision",
    name="Claimed files that were touched",
    unit=Unit.SHARE,
    definition="Precision: files foretold with at least planning.claim_probability that the change touched / files foretold so. Over all tickets with a change, each file counted once a ticket.",
)
PREDICTED_RECALL = Metric(
    key="predicted_files_recall",
    name="Touched files that were claimed",
    unit=Unit.SHARE,
    definition="Recall: files that changes touched and that were foretold with at least planning.claim_probability / files that changes touched.",
)
PREDICTED_BRIER = Metric(
    key="predicted_files_brier",
    name="Brier score of the files",
    unit=Unit.NUMBER,
    definition="Mean of (probability - what came) squared, what came being 1 for a touched file and 0 for another, over files foretold or touched. 0 is best; a file that nobody foretold counts 1.",
)
PAIRS_PRECISION = Metric(
    key="predicted_pairs_precision",
    name="Claimed pairs that met",
    unit=Unit.SHARE,
    definition="Pairs of tickets that claimed a common file and both touched one / pairs that claimed one. Hot files are left out where planning.hot_files.policy ignores them.",
)
PAIRS_RECALL = Metric(
    key="predicted_pairs_recall",
    name="Pairs that met and were claimed",
    unit=Unit.SHARE,
    definition="Pairs of tickets that claimed a common file and both touched one / pairs that both touched one. Hot files are left out likewise.",
)
PAIRS_EXPECTED = Metric(
    key="predicted_pairs_expected",
    name="Pairs expected to meet",
    unit=Unit.COUNT,
    definition="Sum over pairs of the probability that both touch a common file: 1 - product over files of (1 - p x q). Beside it how many did.",
)

# One night: facts about all of its tickets, against the batch targets.
NIGHT_TICKETS = Metric(
    key="night_tickets",
    name="Tickets planned",
    unit=Unit.COUNT,
    target=Target(above=10, below=20, inclusive=True),
    definition="Tickets that the plan of the night took in.",
)
NIGHT_COMPLETION = Metric(
    key="night_completion",
    name="Completed",
    unit=Unit.SHARE,
    target=Target(above=0.8),
    definition="Tickets whose work ended as completed / tickets planned and not put off. Whether the gates passed is another question.",
)
NIGHT_READY = Metric(
    key="night_ready",
    name="Ready for review",
    unit=Unit.COUNT,
    definition="Merge requests of the night that passed their gates and are no draft, merged ones included.",
)
NIGHT_SCORE = Metric(
    key="night_score",
    name="Mean score",
    unit=Unit.POINTS,
    target=Target(above=85),
    definition="Mean score of the night's judged changes, 0 to 100. A change without a score is left out.",
)
NIGHT_ESCALATION = Metric(
    key="night_escalation",
    name="Escalated",
    unit=Unit.SHARE,
    target=Target(below=0.2),
    definition="Tickets that ended with a question to a person / tickets worked on and not put off.",
)
NIGHT_REVIEW = Metric(
    key="night_review_minutes",
    name="Review per merge request",
    unit=Unit.MINUTES,
    target=Target(below=15),
    definition="Mean of the expected review minutes of the night's merge requests in the queue. An estimate.",
)
NIGHT_CONFLICTS = Metric(
    key="night_conflict_rate",
    name="Pairs in conflict",
    unit=Unit.SHARE,
    target=Target(below=0.05),
    definition="Pairs of the night's changes that git does not merge with each other / all pairs of those that merge into the target branch.",
)
NIGHT_COST = Metric(
    key="night_cost",
    name="Cost of the night",
    unit=Unit.USD,
    definition="What the agents say they cost, all attempts. Unknown when any part is unknown.",
)
NIGHT_UTILISATION = Metric(
    key="night_utilisation",
    name="Agent utilisation",
    unit=Unit.SHARE,
    target=Target(above=0.7),
    definition="Time that lanes were busy / (lanes x time from the first start to the last end).",
)
