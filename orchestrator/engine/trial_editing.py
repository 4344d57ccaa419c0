"""Edits of the trials of one study while they run: what is logged, who becomes a fork, who starts
again. Pure.

The study engine says what happens to a trial; the rules of revisions are in
`orchestrator.engine.revisions`. A trial of a search that was edited is a *fork*: shown as such, and
nothing is learnt from it, because no configuration alone led to what comes out; unless somebody
asks for that, who then has it count as a result of the configuration that it ended with.
"""

from collections.abc import Iterable

from orchestrator.engine import revisions
from orchestrator.engine.leases import HELD
from orchestrator.engine.trials import Changes, Moment, Trial
from schema.errors import WrongInput
from schema.events import EventKind
from schema.messages import Final, Revised, Started
from schema.revision import Fork, Revision, RevisionState
from schema.study import StudySpec
from schema.trial import Desired
from schema.values import difference


class TrialEditing:
    """Edits trials of the study that ``spec`` defines."""

    def __init__(self, spec: StudySpec) -> None:
        self._space = spec.objective.space
        self._search = not spec.is_session

    def begin(self, trial: Trial, started: Started, moment: Moment, changes: Changes) -> None:
        """An attempt began with a revision, and maybe from a checkpoint."""
        if trial.attempt > 1:
            where = f"from {started.checkpoint}" if started.checkpoint else "from the start"
            text = f"attempt {trial.attempt} goes on {where}"
            if not started.checkpoint:
                text += ": there is no checkpoint"
            changes.event(moment.wall, trial, EventKind.BEGINS, text)
        number = started.revision
        self._tell(trial, revisions.began(trial, number, moment, changes), moment, changes)

    def answer(
        self, trial: Trial, seq: int, told: Revised, moment: Moment, changes: Changes
    ) -> None:
        """The training says what became of a revision."""
        changes.revised.append((trial.id, trial.attempt, seq, told))
        settled = revisions.answered(trial, told, self._space, moment, changes)
        self._tell(trial, settled, moment, changes)

    def finish(self, trial: Trial, final: Final, moment: Moment, changes: Changes) -> None:
        """An attempt ended; a revision may have taken effect of which nothing more was heard."""
        settled = revisions.finished(trial, final.revision, self._space, moment, changes)
        self._tell(trial, settled, moment, changes)

    def end(self, trial: Trial, moment: Moment, changes: Changes) -> None:
        """The trial is over."""
        self._tell(trial, revisions.ended(trial, moment, changes), moment, changes)

    def edit(self, trial: Trial, revision: Revision, moment: Moment, changes: Changes) -> None:
        """A person edits the trial."""
        revisions.record(trial, revision, changes)
        what = ", ".join(map(revisions.change_text, revision.changes))
        why = f" ({revision.because})" if revision.because else ""
        text = f"revision {revision.number} by {revision.author}: {what}{why}"
        changes.event(moment.wall, trial, EventKind.EDIT, text)

    def restart(self, trial: Trial, because: str, moment: Moment, changes: Changes) -> None:
        """A person wants another attempt, with the newest configuration.

        Raises:
            WrongInput: the trial does not run, or is to end.
        """
        if trial.state not in HELD:
            raise WrongInput("it waits for a runner, and will begin with the newest configuration")
        if trial.desired is not Desired.RUN and not trial.restarting:
            raise WrongInput("it is about to end")
        trial.restarting, trial.desired = True, Desired.STOP
        changes.event(moment.wall, trial, EventKind.RESTART, because)
        changes.touch(trial)

    def starts_again(self, trial: Trial) -> bool:
        """True once for an attempt that ended because of `restart`."""
        again, trial.restarting = trial.restarting, False
        if again:
            trial.desired = Desired.RUN
        return again

    def _tell(
        self, trial: Trial, settled: Iterable[Revision], moment: Moment, changes: Changes
    ) -> None:
        for revision in settled:
            changes.event(moment.wall, trial, EventKind.EDIT, outcome_text(revision))
            applied = revision.state is RevisionState.APPLIED and not revision.dropped
            if self._search and applied:
                self._fork(trial, revision, changes)
                what = ", ".join(map(revisions.change_text, revision.changes))
                step = "the start" if revision.step is None else f"step {revision.step}"
                text = f"of trial {trial.number} at {step}, by revision {revision.number}: {what}"
                changes.event(moment.wall, trial, EventKind.FORK, text)

    def _fork(self, trial: Trial, revision: Revision, changes: Changes) -> None:
        patch = difference(revisions.values_of(trial, 0), trial.config)
        step = revision.step if trial.fork is None else trial.fork.step
        trial.fork = Fork(parent=trial.number, step=step, patch=tuple(patch))
        changes.annotated[trial.id] = trial


def outcome_text(revision: Revision) -> str:
    """``revision 3 is applied at step 412``, or why it is not."""
    if revision.state is RevisionState.REFUSED:
        return f"revision {revision.number} is refused: {revision.reason}"
    if revision.dropped:
        what = ", ".join(revision.dropped)
        return f"revision {revision.number} is refused as to {what}: {revision.reason}"
    if revision.begun is not None:
        what = ", ".join(revision.begun.paths)
        began = f"with the start of attempt {revision.begun.attempt}"
        return f"revision {revision.number} is applied as to {what} {began}"
    at = f"at step {revision.step}"
    if revision.step is None:
        at = f"with the start of attempt {revision.attempt}"
    return f"revision {revision.number} is applied {at}"
