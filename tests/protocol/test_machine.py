"""The pure core under whatever Hypothesis comes up with: two runners, losses, repetitions, deaths.

The real `Leases`, `StudyEngine` and `Spool`, without a network: of what was ever said anything may
arrive, in any order, any number of times.
"""

from collections.abc import Callable

import hypothesis.strategies as st
import msgspec
import pytest
from hypothesis import Phase, settings
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from orchestrator.engine.leases import HELD, Verdict
from orchestrator.engine.trials import Trial
from schema.errors import TrialMQError
from schema.messages import Assignment, Failure, Final, LeaseClaim, Record, Reported, Started
from schema.trial import ENDED, Desired, FailureKind, Outcome, TrialState
from tests.orchestrator.one_study import OneStudy, study_spec
from tests.protocol import mutants
from trial_runner.spool import Lease, Spool

RUNNERS = st.sampled_from(["left", "right"])
SELDOM = st.sampled_from([True, *[False] * 5])
ENDS = st.sampled_from([*[Outcome.COMPLETE] * 3, *Outcome])
TRIALS = 6


class Protocol(RuleBasedStateMachine):
    """What can happen between an orchestrator and two runners, one rule each."""

    def __init__(self) -> None:
        super().__init__()
        self.study = OneStudy(study_spec(trials=TRIALS))
        self.spools = {name: Spool(boot=f"{name}#1") for name in ("left", "right")}
        self.boots = 1
        self.assigned: list[tuple[str, Assignment]] = []
        self.sent: list[tuple[str, Record]] = []
        self.truth: dict[tuple[int, int], Final] = {}
        self.written: dict[tuple[int, int], list[bytes]] = {}
        self.forgotten: dict[tuple[int, int], int] = {}
        self.applied: dict[tuple[int, int], int] = {}
        self.stored: dict[tuple[int, int], list[bytes]] = {}

    # ------------------------------------------------------------------ the orchestrator

    @rule(runner=RUNNERS, arrives=st.booleans())
    def grant(self, runner: str, arrives: bool) -> None:
        """The next trial goes to this runner; its assignment arrives, or is on its way."""
        study = self.study
        trial = study.engine.next_waiting(now=study.now)
        if trial is None and study.engine.asks(1):
            study.create()
            trial = study.engine.next_waiting()
        if trial is None:
            return
        boot = self.spools[runner].boot
        study.engine.grant(trial, runner, study.moment, study.changes, boot)
        self.assigned.append((runner, self._assignment(trial)))
        if arrives:
            self._accept(*self.assigned[-1])

    def _assignment(self, trial: Trial) -> Assignment:
        return Assignment(
            trial=trial.id,
            attempt=trial.attempt,
            study="study",
            number=trial.number,
            objective="train.py:train",
            values=trial.config,
            seed=1,
            boot=trial.boot,
        )

    @rule(seconds=st.sampled_from([1.0, 1.0, 1.0, 70.0, 130.0, 400.0]))
    def time_passes(self, seconds: float) -> None:
        """Leases run out."""
        self.study.now += seconds
        for trial in self.study.leases.expired(self.study.now):
            self.study.engine.suspend(trial, "silence", self.study.moment, self.study.changes)

    @rule(index=st.integers(0, TRIALS - 1), really=SELDOM)
    def somebody_stops_a_trial(self, index: int, really: bool) -> None:
        """A person has had enough of it."""
        if not really:
            return
        study = self.study
        for trial in list(study.leases.live.values()):
            if trial.number == index:
                study.engine.stop(trial, "enough", study.moment, study.changes)

    # ------------------------------------------------------------------ the runners

    @precondition(lambda self: self.assigned)
    @rule(data=st.data())
    def an_assignment_arrives(self, data: st.DataObject) -> None:
        """Any of those that were ever sent, late or again."""
        self._accept(*data.draw(st.sampled_from(self.assigned)))

    def _accept(self, runner: str, assignment: Assignment) -> None:
        lease = self.spools[runner].accept(assignment)
        if lease is not None:
            assert lease.key not in self.written, "executed twice"
            self.written[lease.key] = []
            self._write(runner, lease, Started(slot=runner))

    @rule(
        runner=RUNNERS,
        values=st.lists(st.sampled_from([0.5, 0.5, -1.0]), min_size=1, max_size=2),
        arrives=st.booleans(),
    )
    def a_training_reports(self, runner: str, values: list[float], arrives: bool) -> None:
        """Every training of this runner; perhaps all it ever said arrives."""
        for lease in list(self.spools[runner].leases.values()):
            reports = [(lease.seq, 1.0, {"score": value}) for value in values]
            raw = msgspec.Raw(msgspec.msgpack.encode(reports))
            self._write(runner, lease, Reported(reports=raw))
        if arrives:
            self._send(runner, 0, False)

    @rule(runner=RUNNERS, outcome=ENDS, arrives=st.booleans())
    def a_training_ends(self, runner: str, outcome: Outcome, arrives: bool) -> None:
        """The first of this runner."""
        for lease in list(self.spools[runner].leases.values())[:1]:
            wanted = lease.desired
            if outcome is Outcome.PRUNED and wanted is not Desired.PRUNE:
                outcome = Outcome.COMPLETE
            if outcome is Outcome.STOPPED and wanted is not Desired.STOP:
                outcome = Outcome.RELEASED
            failure = Failure(kind=FailureKind.CRASH, reason="it broke")
            final = Final(
                outcome=outcome,
                metrics={"score": float(lease.key[1])} if outcome is Outcome.COMPLETE else {},
                failure=failure if outcome is Outcome.FAILED else None,
            )
            self._write(runner, lease, final)
        if arrives:
            self._send(runner, 0, False)

    def _write(self, runner: str, lease: Lease, body: Started | Reported | Final) -> None:
        record = self.spools[runner].append(lease, body)
        if record is None:
            return
        self.sent.append((runner, record))
        if isinstance(body, Reported):
            self.written[lease.key].append(bytes(body.reports))
        elif isinstance(body, Final):
            assert lease.key not in self.truth, "ended twice"
            self.truth[lease.key] = body

    @rule(runner=RUNNERS, really=SELDOM)
    def a_runner_dies_and_is_started_anew(self, runner: str, really: bool) -> None:
        """Its memory is gone; it says so."""
        if not really:
            return
        self.boots += 1
        boot = f"{runner}#{self.boots}"
        self.spools[runner] = Spool(boot=boot)
        study = self.study
        for trial in list(study.leases.held.get(runner, {}).values()):
            study.engine.lose(trial, "started anew", study.moment, study.changes, died=True)

    # ------------------------------------------------------------------ what arrives

    @precondition(lambda self: self.sent)
    @rule(data=st.data())
    def a_record_arrives(self, data: st.DataObject) -> None:
        """Any that was ever written, also a repetition, also from a runner that has died since."""
        self._arrive(*data.draw(st.sampled_from(self.sent)))

    @rule(runner=RUNNERS, lost=st.integers(0, 2), answered=st.booleans())
    def a_runner_sends_again(self, runner: str, lost: int, answered: bool) -> None:
        """As every few seconds; the first records may be lost on the way, and so may the answer."""
        self._send(runner, lost, answered)

    def _send(self, runner: str, lost: int, answered: bool) -> None:
        spool, study = self.spools[runner], self.study
        claims: tuple[LeaseClaim, ...] = spool.claims()
        for trial in study.leases.renew(runner, claims, study.now):
            study.engine.taken_back(trial, study.moment, study.changes)
        for record in list(spool.unacknowledged(100))[lost:]:
            self._arrive(runner, record)
        for claim in claims if answered else ():
            self._hear(runner, claim.trial, claim.attempt, claim.seq)

    def _arrive(self, runner: str, record: Record) -> None:
        study = self.study
        if study.leases.judge(runner, record) is not Verdict.APPLY:
            return
        trial = study.leases.live[record.trial]
        study.engine.apply(trial, record, study.moment, study.changes)
        key = (record.trial, record.attempt)
        self.applied[key] = self.applied.get(key, 0) + 1
        assert record.seq == self.applied[key], "each once, in order"
        if isinstance(record.body, Final):
            assert study.changes.ended[-1][1] == record.body.outcome, "observed beats intended"
        if isinstance(record.body, Reported):
            self.stored.setdefault(key, []).append(bytes(record.body.reports))

    def _hear(self, runner: str, trial: int, attempt: int, seq: int) -> None:
        order = self.study.leases.order(runner, trial, attempt, seq)
        spool = self.spools[runner]
        lease = spool.leases.get(trial)
        spool.obey(order)
        if lease is not None and not order.fenced:
            self.forgotten[lease.key] = order.applied

    # ------------------------------------------------------------------ what must always hold

    @invariant()
    def an_ended_trial_stays_as_it_ended(self) -> None:
        """States that no event leaves, one end each."""
        ends = [e for e in self.study.changes.events if e[3] in ENDED]
        assert len(ends) == len({end[2] for end in ends}) == self.study.engine.ended

    @invariant()
    def what_is_stored_is_a_prefix_of_what_was_written(self) -> None:
        """Complete, and in order."""
        for key, stored in self.stored.items():
            assert self.written[key][: len(stored)] == stored

    @invariant()
    def a_result_is_what_its_attempt_returned(self) -> None:
        """Never that of another one."""
        for told in self.study.engine.tells:
            if told.state is TrialState.COMPLETE:
                (attempt,) = (a for n, a in self._complete() if n == told.number)
                assert told.values == (float(attempt),)

    def _complete(self) -> list[tuple[int, int]]:
        rows = [row for row in self.study.changes.ended if row[1] == Outcome.COMPLETE]
        return [(row[7] - 101, row[8]) for row in rows]

    @invariant()
    def counts_leases_and_states_agree(self) -> None:
        """Who holds what."""
        live = self.study.leases.live.values()
        held = {t.id for trials in self.study.leases.held.values() for t in trials.values()}
        assert held == {trial.id for trial in live if trial.state in HELD}
        waiting = {trial.id for trial in self.study.engine.waiting}
        assert waiting == {trial.id for trial in live if trial.state is TrialState.WAITING}
        for state in (*HELD, TrialState.WAITING):
            assert self.study.engine.counts[state] == sum(t.state is state for t in live)

    @invariant()
    def nothing_is_forgotten_that_was_not_applied(self) -> None:
        """A runner drops a record only when it is committed."""
        for key, seq in self.forgotten.items():
            assert self.applied.get(key, 0) >= seq


TestProtocol = Protocol.TestCase
TestProtocol.settings = settings(max_examples=60, stateful_step_count=60, deadline=None)


@pytest.mark.parametrize(
    "take_out",
    [
        mutants.no_fencing,
        mutants.no_deduplication,
        mutants.no_gap_check,
        mutants.acknowledged_unseen,
        mutants.any_assignment_accepted,
        mutants.granted_without_a_new_number,
    ],
)
def test_the_machine_notices_when_a_part_of_the_protocol_is_missing(
    take_out: Callable[[mutants.Patch], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    take_out(monkeypatch)
    looking = settings(
        max_examples=200,
        stateful_step_count=60,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
    )
    with pytest.raises((AssertionError, TrialMQError)):
        run_state_machine_as_test(Protocol, settings=looking)
