"""What can happen, to a trial or to its study: the kinds of the events in the log.

Every change of a trial's state is one of them: the four kinds of its end are called as the states
are, and each of the other states is begun by one of the kinds here.
"""

from enum import StrEnum

from schema.trial import TrialState


class EventKind(StrEnum):
    """The kind of an event; a later version may know others."""

    CREATED = "created"  # of a trial, which waits from then on; of a study without a trial
    QUEUED = "queued"  # who queued the trial, and why
    LEASED = "leased"
    RUNNING = "running"
    BEGINS = "begins"  # a later attempt, from where
    LEASE_EXPIRED = "lease expired"  # it waits, and its holder may come back
    LEASE_RENEWED = "lease renewed"  # he did: it runs
    WAITS_AGAIN = "waits again"
    COMPLETE = TrialState.COMPLETE.value
    PRUNED = TrialState.PRUNED.value
    FAILED = TrialState.FAILED.value
    CANCELLED = TrialState.CANCELLED.value
    PRUNE = "prune"  # the pruner wants it to end
    STOP = "stop"  # a person does
    RESTART = "restart"  # a person wants its next attempt
    CONTROL = "control"  # the attempt is that of a control trial
    WOULD_PRUNE = "would prune"  # the pruner would end the control trial now
    EDIT = "edit"  # a revision was made, or is settled
    FORK = "fork"  # a trial of a search was edited, and nothing is learnt from it
    RESCORE = "rescore"  # a person corrected its metrics
    HIDE = "hide"  # it counts in nothing any more
    UNHIDE = "unhide"
    NOTE = "note"
    TAG = "tag"
    LEARN = "learn"  # whether a fork counts as a result
    WARNING = "warning"
    SETTINGS = "settings"  # of the study, another version
    SPACE = "space"  # of the study, grown by what a trial asked for
    CLOSED = "closed"  # the study starts no more trials
    REOPENED = "reopened"  # it does again
    DELETED = "deleted"  # a study, all of whose own events are gone with it
    RUNNER_REFUSED = "runner refused"  # what a runner offers is not what the study wants
