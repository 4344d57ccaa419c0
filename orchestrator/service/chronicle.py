"""What happens, in calm sentences for the log of a service: who came and went, what ended and how.

Told of each turn after it was stored. Many short trials become one sentence a second with their
number, so that a log stays something to read.
"""

import logging
from collections import Counter
from collections.abc import Iterator, Mapping

from orchestrator.engine.leases import Leases
from orchestrator.engine.study_engine import StudyEngine
from orchestrator.engine.trials import Moment, Trial
from orchestrator.service.runners import Runner
from orchestrator.service.turn import Turn
from schema.commands.runners import Presence
from schema.events import EventKind
from schema.figures import counted
from schema.study import StudySettings
from schema.trial import TrialState

TRIALS_A_SECOND = 5
"""Of more, and for as long as there are more, only the best is told, and how many ended."""

TOLD = (
    EventKind.CLOSED,
    EventKind.LEASE_EXPIRED,
    EventKind.LEASE_RENEWED,
    EventKind.WAITS_AGAIN,
    EventKind.RUNNER_REFUSED,
    EventKind.WARNING,
)
"""Of the events of studies and trials those that are told; the ends of trials are told fully."""

logger = logging.getLogger(__name__)


class Chronicle:
    """Tells of the studies and runners of one service; remembers what it told."""

    def __init__(
        self, engines: Mapping[int, StudyEngine], runners: Mapping[str, Runner], leases: Leases
    ) -> None:
        self._engines = engines
        self._runners = runners
        self._leases = leases
        self._presence: dict[str, Presence] = {}
        self._boots: dict[str, str] = {}
        self._turned_away: dict[str, str] = {}
        self._second = 0.0
        self._room = TRIALS_A_SECOND
        self._done: set[int] = set()
        self._untold: Counter[TrialState] = Counter()

    def tell(self, turn: Turn) -> None:
        """Log what there is to say of one turn, where anyone listens."""
        if logger.isEnabledFor(logging.INFO):
            for sentence in self.sentences(turn):
                logger.info("%s", sentence)

    def sentences(self, turn: Turn) -> Iterator[str]:
        """What there is to say of one turn."""
        for name in sorted(turn.arrived):
            runner = self._runners[name]
            self._presence[name] = Presence.LIVE
            if self._boots.get(name) != runner.boot:  # it says hello until it is heard
                self._boots[name] = runner.boot
                yield _arrival(runner)
        for to, why in turn.turned_away.items():
            if self._turned_away.get(to.runner) != to.boot:  # it asks again and again
                self._turned_away[to.runner] = to.boot
                yield f"runner {to.runner} was turned away: {why}"
        for _, name, spec, _ in turn.changes.studies:
            yield f"study {name} is created: {spec.objective.entry}, sampler {spec.sampler}"
        yield from _settings(turn, self._engines)
        for name, steer in turn.changes.steered:
            yield f"runner {name} is told to {steer}"
        for _, study_id, number, kind, text in turn.changes.events:
            if kind in TOLD and study_id is not None and study_id in self._engines:
                of = "" if number is None else f" trial {number}"
                yield f"study {self._engines[study_id].spec.name}{of} {kind}: {text}"
        yield from self._ends(turn)
        yield from self._finished()
        yield from self._silences(turn.moment)

    def _ends(self, turn: Turn) -> Iterator[str]:
        if turn.moment.mono - self._second >= 1.0:
            flooded = bool(self._untold)
            if flooded:
                counts = ", ".join(f"{n} {state}" for state, n in self._untold.items())
                yield f"{counted(self._untold.total(), 'more trial')} ended: {counts}"
            self._second, self._room = turn.moment.mono, 0 if flooded else TRIALS_A_SECOND
            self._untold.clear()
        for trial in (*turn.changes.touched.values(), *turn.changes.created.values()):
            engine = self._engines.get(trial.study)
            if not trial.state.ended or engine is None:
                continue
            best = engine.best is not None and engine.best[0] == trial.number
            if self._room > 0 or best:
                self._room -= 1
                yield _end(trial, engine, best)
            else:
                self._untold[trial.state] += 1

    def _finished(self) -> Iterator[str]:
        self._done &= self._engines.keys()
        for engine in self._engines.values():
            if not engine.done:
                self._done.discard(engine.id)
            elif engine.id not in self._done:
                self._done.add(engine.id)
                yield f"study {engine.spec.name} is done"

    def _silences(self, now: Moment) -> Iterator[str]:
        for name, runner in self._runners.items():
            presence = runner.presence(now.mono, self._leases.lease_seconds)
            before = self._presence.get(name)
            self._presence[name] = presence
            if before is None or presence is before:
                continue
            if runner.left:
                yield f"runner {name} ended"
            elif presence is Presence.LIVE:
                yield f"runner {name} is heard again"
            else:
                yield f"runner {name} is {presence}: silent for {now.mono - runner.seen:.0f} s"


def _arrival(runner: Runner) -> str:
    if runner.refused:
        return runner.refused
    where = f" on {runner.host}" if runner.host else ""
    slots = "1 slot" if runner.slots == 1 else f"{runner.slots} slots"
    return f"runner {runner.name} arrived{where}: {slots} for {', '.join(runner.offers)}"


def _settings(turn: Turn, engines: Mapping[int, StudyEngine]) -> Iterator[str]:
    for study, version, settings, author, _, because in turn.changes.settings:
        if version > 1 and study in engines:
            name = engines[study].spec.name
            why = f" ({because})" if because else ""
            yield f"study {name} has settings {version} by {author}{why}: {_standing(settings)}"


def _standing(settings: StudySettings) -> str:
    return "paused" if settings.paused else "goes on"


def _end(trial: Trial, engine: StudyEngine, best: bool) -> str:
    spec = engine.spec
    said = [f"study {spec.name} trial {trial.number} {trial.state}"]
    if trial.value is not None:
        said.append(f"{spec.metric.name} {trial.value:.4g}{', the best so far' if best else ''}")
    if trial.reason:
        said.append(trial.reason)
    if trial.runner:
        said.append(f"by {trial.runner} in {trial.seconds:.2g} s")
    return ", ".join(said)
