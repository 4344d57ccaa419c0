"""What runners say, message by message: who they are, that they live, what happened to a trial.

Pure: bytes and a turn come in; trials, runners and the turn are changed. Nothing that a runner says
can end the service: what cannot be read, or comes from someone else than it says, is put aside, and
what is about an attempt that it does not hold is answered with "fenced".
"""

import json
from collections.abc import Mapping

import msgspec

from orchestrator.engine.leases import Leases, Verdict
from orchestrator.engine.retries import absolve
from orchestrator.engine.study_engine import StudyEngine
from orchestrator.engine.trials import Moment
from orchestrator.service.runners import Runner
from orchestrator.service.turn import Address, Turn
from schema.codec import runner_codec
from schema.errors import Undecodable, WrongInput
from schema.events import EventKind
from schema.identity import checked_name, runner_party
from schema.messages import (
    PROTOCOL,
    UNDERSTOOD,
    Final,
    Heartbeat,
    Hello,
    LeaseClaim,
    Record,
    Records,
    Steer,
)
from schema.trial import Desired, TrialState

OFFER_AGAIN_SECONDS = 2.0
"""An assignment of which a runner's heartbeat knows nothing after this long is sent again."""

MOST_SLOTS = 1024
"""A runner that says that it has more is believed to have so many."""


class _Greeting(msgspec.Struct, tag="hello", frozen=True, kw_only=True):
    """What can be read of the ``Hello`` of any protocol."""

    runner: str
    boot: str = ""
    protocol: int
    version: str = ""


class Reception:
    """Where runners are heard; ``version`` is that of this orchestrator."""

    def __init__(self, leases: Leases, engines: Mapping[int, StudyEngine], version: str) -> None:
        self.runners: dict[str, Runner] = {}
        self.steered: dict[str, Steer] = {}
        self._leases = leases
        self._engines = engines
        self._version = version
        self._codec = runner_codec()
        self._greeting = msgspec.msgpack.Decoder(_Greeting)
        self._told: set[tuple[int, str]] = set()

    def take(self, sender: str, body: bytes, turn: Turn) -> None:
        """Take in one message of ``sender``, as far as the broker knows who that is."""
        try:
            message: Hello | Heartbeat | Records | _Greeting = self._codec.decode(body)
        except Undecodable as error:
            foreign = self._foreign(body)
            if foreign is None:
                turn.quarantine(sender or "a runner", str(error), body)
                return
            message = foreign
        if why := _not_believed(message.runner, sender):
            turn.quarantine(sender or "a runner", why, body)
        elif isinstance(message, Hello):
            self._welcome(message, turn)
        elif isinstance(message, _Greeting):
            self._turn_away(message, turn)
        else:
            self._hear(message, turn)

    def _foreign(self, body: bytes) -> _Greeting | None:
        """The greeting of a runner that speaks another protocol."""
        try:
            greeting = self._greeting.decode(body)
        except (msgspec.MsgspecError, ValueError, RecursionError):
            return None
        return None if greeting.protocol in UNDERSTOOD else greeting

    # ------------------------------------------------------------------ arriving

    def _welcome(self, hello: Hello, turn: Turn) -> None:
        if hello.protocol not in UNDERSTOOD:
            greeting = _Greeting(
                runner=hello.runner,
                boot=hello.boot,
                protocol=hello.protocol,
                version=hello.version,
            )
            self._turn_away(greeting, turn)
            return
        to = Address(hello.runner, hello.boot)
        known = self.runners.get(hello.runner)
        if known is not None and (why := known.keeps_out(hello, turn.moment.mono)):
            turn.turn_away(to._replace(began=hello.began), why)
            return
        runner = self.runners[hello.runner] = Runner(
            name=hello.runner,
            boot=hello.boot,
            slots=min(max(hello.slots, 0), MOST_SLOTS),
            offers={offer.entry: offer for offer in hello.offers},
            seen=turn.moment.mono,
            host=hello.host,
            began=hello.began,
            version=hello.version,
            devices=hello.devices,
            steer=self._steer_of(hello.runner, turn),
        )
        if known is not None:
            runner.after(known)
        turn.arrived.add(runner.name)
        turn.greet(to)
        for trial in list(self._leases.held.get(runner.name, {}).values()):
            if trial.boot not in ("", hello.boot):
                because = f"{runner.name} was started anew"
                engine = self._engines[trial.study]
                engine.lose(trial, because, turn.moment, turn.changes, died=True)
        for engine in self._engines.values():
            self._compare(runner, engine, turn)

    def _steer_of(self, runner: str, turn: Turn) -> Steer:
        """What is wanted of a runner that arrives; whoever starts it wants it to run."""
        steer = self.steered.get(runner, Steer.RUN)
        if steer is Steer.STOP:
            steer = self.steered[runner] = Steer.RUN
            turn.changes.steered.append((runner, steer))
        return steer

    def _turn_away(self, greeting: _Greeting, turn: Turn) -> None:
        theirs = f"protocol {greeting.protocol} (TrialMQ {greeting.version or 'unknown'})"
        self.runners[greeting.runner] = Runner(
            name=greeting.runner,
            boot=greeting.boot,
            slots=0,
            offers={},
            seen=turn.moment.mono,
            version=greeting.version,
            refused=(
                f"runner {greeting.runner} was refused: this runner speaks {theirs}, the "
                f"orchestrator protocol {PROTOCOL} ({self._version}): install the same version"
            ),
        )
        turn.arrived.add(greeting.runner)
        turn.greet(Address(greeting.runner, greeting.boot))

    def study_opened(self, engine: StudyEngine, turn: Turn) -> None:
        """A study is there: is it what the runners offer?"""
        for runner in self.runners.values():
            runner.matches.pop(engine.spec.name, None)
            self._compare(runner, engine, turn)

    def _compare(self, runner: Runner, engine: StudyEngine, turn: Turn) -> None:
        sentence = "" if engine.done else runner.misfit(engine.spec)
        if sentence and (engine.id, sentence) not in self._told:
            self._told.add((engine.id, sentence))
            turn.changes.note(turn.moment.wall, engine.id, EventKind.RUNNER_REFUSED, sentence)

    # ------------------------------------------------------------------ living

    def _hear(self, message: Heartbeat | Records, turn: Turn) -> None:
        known = self.runners.get(message.runner)
        if known is not None and known.boot != message.boot:
            known = None
        if known is not None and isinstance(message, Heartbeat) and known.is_not(message):
            turn.introduce.add(Address(message.runner, message.boot, message.began))
            return
        if known is None:
            turn.introduce.add(Address(message.runner, message.boot))
        else:
            known.seen = turn.moment.mono
        if isinstance(message, Records):
            for record in message.records:
                self._apply(message, record, turn)
            return
        if known is not None:
            known.draining = message.draining
            known.degraded = message.degraded
            known.left = message.leaving
            known.devices = message.devices or known.devices
        self._renew(message, turn)

    def _apply(self, message: Records, record: Record, turn: Turn) -> None:
        sender = Address(message.runner, message.boot)
        verdict = self._leases.judge(message.runner, record)
        if verdict is Verdict.APPLY:
            trial = self._leases.live[record.trial]
            before = trial.desired
            self._engines[trial.study].apply(trial, record, turn.moment, turn.changes)
            if before is Desired.RUN and trial.desired is Desired.PRUNE:
                turn.prune(sender, trial)
        elif verdict is Verdict.FENCED:
            self._absolve(record.trial, message.boot, turn)
            if isinstance(record.body, Final):
                self._keep_stale(message.runner, record, record.body, turn)
        turn.answer(sender, record.trial, record.attempt, record.seq)

    def _keep_stale(self, runner: str, record: Record, final: Final, turn: Turn) -> None:
        """The end of an attempt that had lost its trial: for people to look at, never counted."""
        if not self._leases.superseded(record.trial, record.attempt):
            return
        reason = final.failure.reason if final.failure else ""
        ours = (turn.moment.wall, record.trial, record.attempt, runner, final.outcome)
        turn.changes.stale.append((*ours, json.dumps(final.metrics), reason))

    def _absolve(self, trial_id: int, boot: str, turn: Turn) -> None:
        """A runner that was taken for dead is back: the trial did not kill it."""
        trial = self._leases.live.get(trial_id)
        if trial is not None and absolve(trial, boot):
            turn.changes.touch(trial)

    def _renew(self, message: Heartbeat, turn: Turn) -> None:
        sender = Address(message.runner, message.boot)
        turn.greet(sender)
        moment = turn.moment
        for trial in self._leases.renew(message.runner, message.leases, moment.mono):
            self._engines[trial.study].taken_back(trial, moment, turn.changes)
        claimed: set[int] = set()
        for claim in message.leases:
            claimed.add(claim.trial)
            turn.answer(sender, claim.trial, claim.attempt, claim.seq)
            self._restate(message.runner, claim, turn)
            if self._leases.superseded(claim.trial, claim.attempt):
                self._absolve(claim.trial, message.boot, turn)
        for trial in list(self._leases.held.get(message.runner, {}).values()):
            if trial.id in claimed or trial.boot != message.boot:
                continue
            engine = self._engines[trial.study]
            if message.leaving:
                engine.lose(trial, f"{message.runner} ended", moment, turn.changes)
            elif trial.state is not TrialState.LEASED:
                continue
            elif message.draining:  # it was granted before this was known, and will not be taken
                engine.lose(trial, f"{message.runner} takes no more", moment, turn.changes)
            elif moment.mono - trial.offered > OFFER_AGAIN_SECONDS:
                turn.assign(sender, engine, trial)

    def study_closed(self, engine: StudyEngine) -> None:
        """A study is not open any more."""
        self._told = {told for told in self._told if told[0] != engine.id}
        for runner in self.runners.values():
            runner.matches.pop(engine.spec.name, None)

    def _restate(self, runner: str, claim: LeaseClaim, turn: Turn) -> None:
        """Tell a training again of the revisions of which it was not told yet."""
        trial = self._leases.live.get(claim.trial)
        if trial is None or (trial.runner, trial.attempt) != (runner, claim.attempt):
            return
        if claim.revision < len(trial.revisions):
            turn.revise(trial, claim.revision)

    # ------------------------------------------------------------------ silence

    def expire(self, turn: Turn) -> None:
        """Leases of which nothing was heard for too long run out."""
        seconds = self._leases.lease_seconds
        because = f"nothing was heard of it for {seconds:g} s"
        for trial in self._leases.expired(turn.moment.mono):
            self._engines[trial.study].suspend(trial, because, turn.moment, turn.changes)

    def forget(self, moment: Moment, after_seconds: float) -> None:
        """Runners that hold nothing and were silent for so long are not listed any more."""
        for name, runner in list(self.runners.items()):
            if moment.mono - runner.seen > after_seconds and not self._leases.held.get(name):
                del self.runners[name]


def _not_believed(runner: str, sender: str) -> str:
    """Why a message is not taken for that of the runner that it names."""
    try:
        checked_name("runner", runner)
    except WrongInput as error:
        return str(error)
    if sender and sender != runner_party(runner):
        return f"it says that it comes from {runner!r}, and {sender} sent it"
    return ""
