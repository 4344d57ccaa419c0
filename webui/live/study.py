"""One study as it is seen now, shared by all tabs that look at it.

`webui.live.following` writes into it; pages read, and ask a few times a second whether `version`
moved and which trials did (`patches_since`, `curves_since`). Whoever reads says so with `look`;
what nobody looks at is followed no more.
"""

import asyncio
import time
from collections.abc import Sequence

from msgspec.structs import replace

from schema.commands.studies import SettingsVersion
from schema.messages import Report
from schema.results import Progress, StudyOverview, TrialResult
from schema.space import Space
from webui.live.changes import Changes, Clock
from webui.live.drafts import Drafts
from webui.live.table import Table

IDLE_SECONDS = 20.0


class LiveStudy:
    """What is known of a study. `overview`, `space`, `progress` and `settings` are there once
    `ready` returned."""

    def __init__(self, name: str, clock: Clock, drafts: Drafts) -> None:
        self.name = name
        self.rows: dict[int, TrialResult] = {}
        """Every trial by number."""
        self.curves: dict[int, list[Report]] = {}
        """What the counted, or running, attempt of each trial reported."""
        self.drafts = drafts
        self.table = Table(self)
        """The rows as a table of trials shows them."""
        self.deleted = False
        self.lost_because = ""
        """Why nothing is heard of it at the moment; empty where something is."""
        self._last_look = time.monotonic()
        self._attempts: dict[int, int] = {}  # the attempt that a curve is of
        self._rows_changed: Changes[int] = Changes(clock)
        self._curves_changed: Changes[int] = Changes(clock)
        self._whole: Changes[None] = Changes(clock)
        self._known = asyncio.Event()
        self._overview: StudyOverview
        self._progress: Progress
        self._settings: SettingsVersion

    # ------------------------------------------------------------------ reading

    @property
    def overview(self) -> StudyOverview:
        """The study itself, with what defines it in ``spec``."""
        return self._overview

    @property
    def space(self) -> Space:
        """Its variables."""
        return self._overview.spec.objective.space

    @property
    def progress(self) -> Progress:
        """How far it is."""
        return self._progress

    @property
    def settings(self) -> SettingsVersion:
        """The settings in force, with the number that a change of them has to expect."""
        return self._settings

    @property
    def connected(self) -> bool:
        """True while what is shown is live."""
        return self._known.is_set() and not self.lost_because

    @property
    def version(self) -> int:
        """Grows with every change of anything here."""
        parts = (self._rows_changed, self._curves_changed, self._whole, self.drafts.changes)
        return max(part.version for part in parts)

    def patches_since(self, version: int) -> list[int]:
        """The trials whose row, or whose drafts, changed after ``version``."""
        drafts = self.drafts.changes.since(version)
        return sorted({*self._rows_changed.since(version), *drafts})

    def curves_since(self, version: int) -> list[int]:
        """The trials whose curve changed after ``version``."""
        return sorted(self._curves_changed.since(version))

    def look(self) -> None:
        """Somebody reads this: go on following it."""
        self._last_look = time.monotonic()

    async def ready(self) -> None:
        """Returns when the study is known."""
        self.look()
        await self._known.wait()

    # ------------------------------------------------------------------ writing

    def begin(
        self,
        overview: StudyOverview,
        trials: Sequence[TrialResult],
        progress: Progress,
        settings: SettingsVersion,
    ) -> None:
        """All of the study, at once; its curves follow from their first point on."""
        self._overview, self._settings, self.lost_because = overview, settings, ""
        for number in self.rows.keys() - {trial.number for trial in trials}:
            del self.rows[number]
            self._rows_changed.touch(number)
        for number in self.curves:
            self._curves_changed.touch(number)
        self.curves.clear()
        self._attempts.clear()
        self.put(trials)
        self.move(progress)

    def redefine(self, overview: StudyOverview) -> None:
        """The study as it is now: an Optuna objective's space grows."""
        if overview.spec != self._overview.spec or overview.counts != self._overview.counts:
            self._overview = overview
            self._whole.touch(None)

    def change(self, settings: SettingsVersion) -> None:
        """Other settings are in force."""
        spec = replace(self._overview.spec, settings=settings.settings)
        self._overview, self._settings = replace(self._overview, spec=spec), settings
        self._whole.touch(None)

    def move(self, progress: Progress) -> None:
        """How far it is, as of now."""
        self._progress = progress
        self._whole.touch(None)
        self._known.set()

    def put(self, trials: Sequence[TrialResult]) -> None:
        """Trials as they are now; those that are as they were change nothing."""
        for trial in trials:
            if self.rows.get(trial.number) != trial:
                self.rows[trial.number] = trial
                self._rows_changed.touch(trial.number)
                if not self._overview.spec.is_session:  # of a session its newest revision counts
                    self.drafts.settle(trial.number, trial.config)

    def grow(self, number: int, attempt: int, reports: Sequence[Report]) -> None:
        """More points of a curve; the first of another attempt begin it anew."""
        if self._attempts.get(number) != attempt:
            self._attempts[number] = attempt
            self.curves[number] = []
        self.curves[number].extend(reports)
        self._curves_changed.touch(number)

    def lose(self, because: str) -> None:
        """Nothing is heard of it."""
        self.lost_because = because
        self._whole.touch(None)

    def find(self) -> None:
        """It is heard of again."""
        self.lost_because = ""
        self._whole.touch(None)

    def gone(self) -> None:
        """It was deleted, or there never was one."""
        self.deleted = True
        self.lost_because = "it was deleted"
        self._whole.touch(None)
        self._known.set()

    async def unwatched(self) -> None:
        """Returns when nobody has looked for a while."""
        while (left := self._last_look + IDLE_SECONDS - time.monotonic()) > 0:  # noqa: ASYNC110
            await asyncio.sleep(left)
