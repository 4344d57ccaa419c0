"""What an objective is handed: its configuration, its device, and `report`.

``report`` appends to a list that is sent at most every half millisecond
(`trial_runner.report_stream`), and looks at the flag in shared memory, which takes a microsecond.
After a long step it also waits for the verdict, a hundredth of that step at the most: without, a
trial would learn that it is pruned one step too late. Where nobody answers, nothing waits.

``report``, ``changes`` and ``should_stop`` are the safe points of a training: only inside of them
is a revision of the configuration put in force, and what became of it is told at once.
"""

import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec

from schema.errors import WrongInput
from schema.messages import Assignment, Report, Revised, Suggestion
from schema.scores import Roles, Scores
from schema.study import Direction, Metric
from schema.values import Value
from trial_runner.after_training import Evaluate, tune
from trial_runner.checkpoints import attempt_folder, newest_checkpoint
from trial_runner.frames import Kind
from trial_runner.live_edits import LiveEdits, Refused
from trial_runner.objective import Objective
from trial_runner.report_stream import FLUSH_REPORTS, FLUSH_SECONDS, ReportStream
from trial_runner.scoring import ScoredStream, check_roles, scores_of
from trial_runner.slot_inbox import SlotInbox
from trial_runner.stop_flag import StopFlag

LAST_STEP = 2**63 - 1

LONG_STEP_SECONDS = 0.05
"""A step that took longer is worth waiting for the verdict."""

WAIT_SHARE, LONGEST_WAIT_SECONDS = 0.01, 1.0
"""It waits for this share of the step, and never longer than so."""


class Pruned(Exception):
    """The trial should end now; raised by `Trial.report`, or by the objective itself."""


class Stopped(BaseException):
    """The trial has to end now; not an ``Exception``, so that it gets through."""


class Trial:
    """One attempt of one trial, as its objective sees it.

    Attributes:
        number: the trial's number in its study, from 0.
        attempt: 1 for the first execution, more after a crash or a lost runner.
        seed: the same in every attempt of this trial, another in every trial; 31 bits.
        device: where to train, as torch names it: ``"cpu"`` or ``"cuda:0"``.
    """

    def __init__(
        self,
        assignment: Assignment,
        config: Any,
        objective: Objective,
        device: str,
        serial: int,
        stream: ReportStream,
        flag: StopFlag,
        inbox: SlotInbox,
    ) -> None:
        self.number = assignment.number
        self.attempt = assignment.attempt
        self.study = assignment.study
        self.seed = assignment.seed
        self.device = device
        self.tuned: dict[str, Value] = {}
        self.scores: Scores | None = None
        self.preset = assignment.values
        self.suggested: tuple[Suggestion, ...] = ()
        self.attributes: dict[str, Any] = {}
        self._assignment = assignment
        self._objective = objective
        self._tunable = assignment.tune
        self._serial = serial
        self._stream = stream
        self._serials = flag.serials
        self._inbox = inbox
        self._encoder = msgspec.msgpack.Encoder()
        self._last: Report | None = None
        self._looked = -1  # at the flag, when it had been changed so often
        declared = assignment.values if objective.space.variables else {}
        self._begins_with = assignment.revision if assignment.earlier else None
        self._edits = LiveEdits(config, objective.space, assignment.revision, declared)
        self._began = time.perf_counter()

    @property
    def config(self) -> Any:
        """The configuration in force; a new object whenever it was edited."""
        return self._edits.config

    @property
    def revision(self) -> int:
        """The number of the last edit that is in force, 0 before the first."""
        return self._edits.revision

    def report(self, step: int, **metrics: float) -> None:
        """Report the metrics of one step, and end here if the trial is not worth going on.

        Args:
            step: a whole number from 0 up, usually the epoch.
            metrics: numbers by name; NaN and infinities are kept as they are.

        Raises:
            Pruned: the trial should end; let it pass through.
            TypeError: a step or a metric is not a number.
        """
        for name, value in metrics.items():
            if type(value) is not float:
                metrics[name] = _number(name, value)
        if type(step) is not int or not 0 <= step <= LAST_STEP:
            step = _step(step)
        stream = self._stream
        now = time.perf_counter()
        self._last = report = step, now - self._began, metrics
        stream.pending.append(report)
        silent = now - stream.sent_at
        if silent > LONG_STEP_SECONDS:
            self._report_and_wait(silent)
        elif silent > FLUSH_SECONDS or len(stream.pending) >= FLUSH_REPORTS:
            stream.flush()
        if self._serials[3] != self._looked:
            self._look()

    def _report_and_wait(self, seconds: float) -> None:
        """Send what is pending, and wait for the verdict on it after a step of ``seconds``.

        Where the one before has not come yet there is no waiting.
        """
        if self._serials[3] != self._looked:
            self._look()
        waits, self._inbox.judged = self._inbox.judged, False
        self._stream.flush(ask=True)
        if waits:
            self._inbox.wait(min(seconds * WAIT_SHARE, LONGEST_WAIT_SECONDS))

    def _look(self) -> None:
        """The flag was changed: is the trial to end, or its configuration to change?"""
        changes = self._serials[3]
        if self._serials[1] == self._serial:
            raise Stopped
        if self._serials[0] == self._serial:
            raise Pruned
        if self._revise():
            self._looked = changes

    @property
    def last(self) -> dict[str, float]:
        """The metrics that were reported last."""
        return self._last[2] if self._last else {}

    # ------------------------------------------------------------------ edits while it runs

    def bind(self, path: str, target: Any, attribute: str | None = None) -> None:
        """Let ``target`` have the value of a live variable, now and whenever it is edited.

            trial.bind("training.learning_rate", optimizer, "lr")
            trial.bind("model.dropout", model, "p")
            trial.bind("training.batch_size", loader.resize)

        What is called may refuse: whatever it raises, the whole edit is taken back, and who made it
        is told why; `tq.Refused` says it in your own words.

        Args:
            path: of a variable that is marked `Live`.
            target: an optimizer (all of its groups of parameters are set), a module (itself, or all
                modules in it that have the attribute), any other object, or what is to be called.
            attribute: what to set on it; without one ``target`` is called with each new value.

        Raises:
            UnknownName: there is no such variable.
            WrongInput: it is not live, or there is no such attribute.
        """
        self._edits.bind(path, target, attribute)

    def changes(self) -> dict[str, Value]:
        """The live variables that were edited since the last call and are bound to nothing.

        Call it between two steps; `config` has all values.
        """
        self._revise()
        return self._edits.changes()

    def _revise(self) -> bool:
        """Put in force what was sent, and tell what became of it; True when that was all."""
        if self._begins_with is not None:
            self._tell_begun(self._begins_with)
        if self._serials[2] == self._inbox.taken:
            return True
        for revision in self._inbox.revisions(self._serial):
            applied: tuple[str, ...] = ()
            unbound: tuple[str, ...] = ()
            refused = ""
            try:
                applied, unbound = self._edits.apply(revision.number, revision.values)
            except Refused as error:
                refused = str(error) or "the training refused it"
            told = Revised(
                number=revision.number,
                step=self._last[0] if self._last else None,
                seconds=time.perf_counter() - self._began,
                applied=applied,
                unbound=unbound,
                refused=refused,
            )
            self._stream.tell(Kind.REVISED, self._encoder.encode(told))
        return bool(self._serials[2] == self._inbox.taken)

    @property
    def begun(self) -> bool:
        """Whether it is told that this configuration is one that the training can begin with."""
        return self._begins_with is None

    def _tell_begun(self, number: int) -> None:
        self._begins_with = None
        seconds = time.perf_counter() - self._began
        told = Revised(number=number, step=None, seconds=seconds, begun=True)
        self._stream.tell(Kind.REVISED, self._encoder.encode(told))

    # ------------------------------------------------------------------ after training

    def tune_after_training(
        self,
        evaluate: Evaluate,
        trials: int = 200,
        *,
        maximize: str | None = None,
        minimize: str | None = None,
    ) -> dict[str, float]:
        """Choose the variables marked `AfterTraining` on the finished model, without training.

        The values in force are judged first, then random ones, then neighbors of the best so far;
        the same seed chooses the same. The best are in `config` afterwards and are stored as the
        trial's configuration. Variables that the study fixed stay as they are; where that is all
        of them, `evaluate` is called once.

        Args:
            evaluate: judges one candidate on stored scores; returns metrics by name, or only the
                number that decides. It is handed the group that holds everything marked
                `AfterTraining` where that is one group, else a whole configuration.
            trials: how often to evaluate.
            maximize: the metric of which more is better; the objective's first one without it and
                `minimize`.
            minimize: the metric of which less is better.

        Returns:
            the metrics of the best. Those of the objective's constraints that are among them hold
            where any candidate held them.

        Raises:
            WrongInput: both `maximize` and `minimize`, fewer than one trial, or `evaluate` does not
                return the metric.
        """
        found = tune(
            self.config,
            self._unless_stopped(evaluate),
            self._deciding(maximize, minimize),
            constraints=self._objective.constraints,
            variables=self._tunable,
            trials=trials,
            seed=self.seed,
        )
        self._edits.tuned(found.config, found.values)
        self.tuned = found.values
        return found.metrics

    def store_scores(
        self,
        *,
        clips: Any = None,
        labels: Any = None,
        streams: Iterable[ScoredStream] = (),
        threshold: str,
        smoothing: str | None = None,
        high: str | None = None,
        low: str | None = None,
        cool_down: str | None = None,
    ) -> None:
        """Keep with the trial what the detector scored on validation, for `trialmq thresholds`.

        Other values of the variables named are then judged at once, without a model, by the rule of
        `schema.scores.Decision`. They are sent when the objective ends; what is stored last counts.
        Of more than 4 MiB (two million frames) clips are left out evenly, and streams cut off.

        Args:
            clips: scores of labelled clips: (clips,), or (clips, frames), or for each clip its own.
            labels: (clips,) whether there is something to detect.
            streams: in which the detector listened all the time, for false alarms an hour.
            threshold: the variable at this path is what the smoothed score has to reach; where
                `high` is given, what the newest score itself has to reach.
            smoothing: so many frames are averaged.
            high: the smoothed score that fires.
            low: below this the detector is armed again.
            cool_down: seconds that have to pass before it fires again.

        Raises:
            WrongInput: what is given does not fit together, or has NaN or infinities in it.
            UnknownName: there is no such variable.
        """
        roles = Roles(
            threshold=threshold, smoothing=smoothing, high=high, low=low, cool_down=cool_down
        )
        check_roles(roles, self._objective.space, self._edits.values)
        self.scores = scores_of(roles, clips, labels, streams)

    def _unless_stopped(self, evaluate: Evaluate) -> Evaluate:
        def checked(candidate: Any) -> Any:
            if self.stop_wanted:
                raise Stopped
            return evaluate(candidate)

        return checked

    def _deciding(self, maximize: str | None, minimize: str | None) -> Metric:
        if maximize and minimize:
            raise WrongInput("tune_after_training: give either maximize= or minimize=")
        if maximize:
            return Metric(name=maximize, direction=Direction.MAXIMIZE)
        if minimize:
            return Metric(name=minimize, direction=Direction.MINIMIZE)
        return self._objective.metrics[0]

    def should_stop(self) -> bool:
        """True when the trial should end, for code that would rather ask than catch `Pruned`.

        Return from the objective then; the trial counts as pruned.
        """
        self._revise()
        return self._serial in (self._serials[0], self._serials[1])

    @property
    def stop_wanted(self) -> bool:
        """True when the trial has to end now, which is more than pruning."""
        return bool(self._serials[1] == self._serial)

    def log(self, text: str) -> None:
        """Write one line to the trial's output, which is kept with the trial."""
        print(text, flush=True)

    @property
    def checkpoint_dir(self) -> Path:
        """A directory for this attempt's checkpoints; made when it is first asked for."""
        path = attempt_folder(self._assignment)
        path.mkdir(parents=True, exist_ok=True)
        return path

    @property
    def latest_checkpoint(self) -> Path | None:
        """The newest file that this or an earlier attempt of the trial left; ``None`` at first."""
        return newest_checkpoint(self._assignment)


def _number(name: str, value: object) -> float:
    try:
        return float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError) as error:
        what = type(value).__name__
        raise TypeError(f"metric {name!r} is not a number but a {what}: {value!r}") from error


def _step(step: object) -> int:
    if isinstance(step, bool) or not hasattr(step, "__index__"):
        raise TypeError(f"step must be a whole number from 0 up, not {step!r}")
    number = step.__index__()
    if not 0 <= number <= LAST_STEP:
        raise TypeError(f"step must be a whole number from 0 up, of 63 bits, not {number}")
    return int(number)
