"""The client: everything that can be asked of a running orchestrator, as typed calls.

A call makes a request with an ``id`` and says it again, with the same ``id``, every other second
until the answer is there or the deadline is over. So a lost request, a lost answer, a broker that
restarts or a standby that takes over costs seconds and changes nothing: what a request changes
happens once, because the orchestrator knows the ``id`` again.
"""

import asyncio
import logging
import uuid
from collections.abc import AsyncIterator, Mapping
from types import TracebackType
from typing import Any, Self, TypeVar

import msgspec

from orchestrator.client.editing import DEADLINE_SECONDS, EditingClient
from orchestrator.client.transport import Transport
from schema.codec import MESSAGE_BYTES, answers_codec, requests_codec
from schema.errors import (
    Conflict,
    ProtocolError,
    TrialMQError,
    Undecodable,
    UnknownName,
    WorkFailed,
    WrongInput,
)
from schema.messages import Steer
from schema.profile import Profile
from schema.profile_history import (
    ImportedProfile,
    ProfileEvent,
    ProfileOverview,
    QueuedTrial,
    StoredProfile,
)
from schema.requests import (
    Answer,
    ChangeSettings,
    Command,
    CreateStudy,
    DeleteProfile,
    DeleteStudy,
    GetProfile,
    GetProfileHistory,
    GetProgress,
    GetService,
    GetStudy,
    GetSummary,
    GetTrial,
    GetTrials,
    ImportProfile,
    ListOffers,
    ListProfiles,
    ListRunners,
    ListStudies,
    QueueTrial,
    Refusal,
    RefusalKind,
    RenameProfile,
    Request,
    RunnerOverview,
    SaveProfile,
    ServiceOverview,
    SettingsVersion,
    SteerRunner,
    StopStudy,
    StopTrial,
    TrialDetail,
)
from schema.results import Progress, StudyOverview, Summary, TrialResult
from schema.study import ObjectiveDescription, StudySpec
from schema.values import Value

logger = logging.getLogger(__name__)

REPEAT_SECONDS = 2.0
REFUSED_SECONDS = 0.25
"""A request that nobody took is tried again this soon."""

NOTHING: Mapping[str, Value] = {}
T = TypeVar("T")


class NoAnswer(WorkFailed):
    """No orchestrator answered in time; what was asked may have happened nevertheless."""


class UnknownThere(UnknownName):
    """A name that the orchestrator does not know, in the orchestrator's own sentence."""

    def __init__(self, sentence: str) -> None:
        WrongInput.__init__(self, sentence)
        self.name = ""


ERRORS: dict[RefusalKind, type[TrialMQError]] = {
    RefusalKind.WRONG_INPUT: WrongInput,
    RefusalKind.UNKNOWN_NAME: UnknownThere,
    RefusalKind.CONFLICT: Conflict,
    RefusalKind.FAILED: WorkFailed,
}


class Client(EditingClient):
    """One instance of a client; every call raises as `ask` does, unless it says more."""

    def __init__(
        self,
        transport: Transport,
        *,
        deadline: float = DEADLINE_SECONDS,
        repeat: float = REPEAT_SECONDS,
    ) -> None:
        self._transport = transport
        self._deadline = deadline
        self._repeat = repeat
        self._instance = uuid.uuid4().hex
        self._requests = requests_codec()
        self._answers = answers_codec()
        self._open: dict[str, asyncio.Future[Answer]] = {}

    async def __aenter__(self) -> Self:
        await self._transport.open(self._instance, self._receive)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._transport.close()

    @property
    def connected(self) -> bool:
        """True while the connection stands; it is made again by itself."""
        return self._transport.connected

    # ------------------------------------------------------------------ questions

    async def service(self) -> ServiceOverview:
        """Who answers."""
        return await self.ask(GetService(), ServiceOverview)

    async def studies(self) -> tuple[StudyOverview, ...]:
        """Every study, oldest first."""
        found: list[StudyOverview] = []
        first = 0
        while page := await self.ask(ListStudies(first=first), tuple[StudyOverview, ...]):
            found += page
            first = page[-1].id + 1
        return tuple(found)

    async def study(self, name: str) -> StudyOverview:
        """One study."""
        return await self.ask(GetStudy(study=name), StudyOverview)

    async def progress(self, study: str, *, deadline: float | None = None) -> Progress:
        """A study at this moment."""
        return await self.ask(GetProgress(study=study), Progress, deadline=deadline)

    async def summary(self, study: str, *, since: float = 0.0) -> Summary:
        """What came out of a study, and what was saved since then (seconds since 1970)."""
        return await self.ask(GetSummary(study=study, since=since), Summary)

    async def trials(self, study: str) -> AsyncIterator[TrialResult]:
        """The trials of a study by number, page by page."""
        first = 0
        while page := await self.ask(GetTrials(study=study, first=first), tuple[TrialResult, ...]):
            for trial in page:
                yield trial
            first = page[-1].number + 1

    async def trial(self, study: str, number: int) -> TrialDetail:
        """One trial with its attempts, curve and events."""
        return await self.ask(GetTrial(study=study, number=number), TrialDetail)

    async def offers(self) -> tuple[ObjectiveDescription, ...]:
        """The objectives that runners offer."""
        return await self.ask(ListOffers(), tuple[ObjectiveDescription, ...])

    async def runners(self) -> tuple[RunnerOverview, ...]:
        """Every runner that was heard of since the orchestrator started, by name."""
        found: list[RunnerOverview] = []
        after = ""
        while page := await self.ask(ListRunners(after=after), tuple[RunnerOverview, ...]):
            found += page
            after = page[-1].name
        return tuple(found)

    async def profiles(self) -> tuple[ProfileOverview, ...]:
        """The last version of each profile, by name."""
        return await self.ask(ListProfiles(), tuple[ProfileOverview, ...])

    async def profile(self, name: str, version: int | None = None) -> StoredProfile:
        """One version of a profile, by default its last."""
        return await self.ask(GetProfile(name=name, version=version), StoredProfile)

    async def profile_history(self, name: str) -> tuple[ProfileEvent, ...]:
        """What happened to a profile, first to last, also to one that is deleted."""
        return await self.ask(GetProfileHistory(name=name), tuple[ProfileEvent, ...])

    # ------------------------------------------------------------------ changes

    async def create_study(self, spec: StudySpec) -> StudyOverview:
        """Create a study, or go on with the one of this name."""
        return await self.ask(CreateStudy(spec=spec), StudyOverview)

    async def change_settings(
        self, study: str, patch: dict[str, Any], *, expected: int | None = None, because: str = ""
    ) -> SettingsVersion:
        """Change what can change while trials run; ``patch`` is nested as `StudySettings`.

        Raises:
            Conflict: the settings are not of version ``expected`` any more.
        """
        command = ChangeSettings(study=study, patch=patch, expected=expected, because=because)
        return await self.ask(command, SettingsVersion)

    async def pause(self, study: str, *, because: str = "") -> SettingsVersion:
        """Start no trial of a study until it is resumed; those that run go on."""
        return await self.change_settings(study, {"paused": True}, because=because)

    async def resume(self, study: str, *, because: str = "") -> SettingsVersion:
        """Go on with a paused study."""
        return await self.change_settings(study, {"paused": False}, because=because)

    async def stop(self, study: str, *, now: bool = False, because: str = "") -> StudyOverview:
        """Start no more trials of a study; ``now`` ends those that run, too."""
        return await self.ask(StopStudy(study=study, now=now, because=because), StudyOverview)

    async def delete(self, study: str) -> None:
        """Forget a study that is not running, with all its trials."""
        await self.ask(DeleteStudy(study=study), None)

    async def stop_trial(self, study: str, number: int, *, because: str = "") -> TrialResult:
        """End one trial; it counts as cancelled."""
        return await self.ask(StopTrial(study=study, number=number, because=because), TrialResult)

    async def steer(self, runner: str, steer: Steer) -> RunnerOverview:
        """Let a runner run, drain or stop."""
        return await self.ask(SteerRunner(runner=runner, steer=steer), RunnerOverview)

    async def queue(
        self,
        study: str,
        *,
        profile: str = "",
        version: int | None = None,
        trial: int | None = None,
        set: Mapping[str, Value] = NOTHING,
        because: str = "",
    ) -> QueuedTrial:
        """Run a configuration as the next trial: a profile's, a trial's or the default one, with
        the values of ``set`` in their places."""
        command = QueueTrial(
            study=study,
            profile=profile,
            version=version,
            trial=trial,
            set=dict(set),
            because=because,
        )
        return await self.ask(command, QueuedTrial)

    # ------------------------------------------------------------------ profiles

    async def save_profile(
        self,
        name: str,
        *,
        study: str = "",
        trial: int | None = None,
        set: Mapping[str, Value] = NOTHING,
        because: str = "",
    ) -> ProfileOverview:
        """Save a trial (of a study its best one) as the next version of a profile, or without a
        study its last version, with the values of ``set`` in their places."""
        command = SaveProfile(name=name, study=study, trial=trial, set=dict(set), because=because)
        return await self.ask(command, ProfileOverview)

    async def import_profile(
        self, profile: Profile, *, name: str = "", study: str = "", because: str = ""
    ) -> ImportedProfile:
        """Save a profile that comes from elsewhere as the next version of its name."""
        command = ImportProfile(profile=profile, name=name, study=study, because=because)
        return await self.ask(command, ImportedProfile)

    async def rename_profile(self, name: str, to: str) -> ProfileOverview:
        """Give a profile, with its history, a name that no other has or had."""
        return await self.ask(RenameProfile(name=name, to=to), ProfileOverview)

    async def delete_profile(self, name: str) -> None:
        """List a profile no more; its versions stay in its history."""
        await self.ask(DeleteProfile(name=name), None)

    # ------------------------------------------------------------------ asking

    async def ask(
        self, command: Command, kind: type[T] | None, *, deadline: float | None = None
    ) -> T:
        """The answer to ``command``, which is of ``kind``; ``deadline`` in seconds from now.

        Cancelled or too late, what was asked may still happen; asking anew is another request.

        Raises:
            WrongInput: it was refused, in the orchestrator's sentence; `UnknownThere`, `Conflict`
                where that is why.
            WorkFailed: it could not be done; `NoAnswer` where none came.
        """
        seconds = self._deadline if deadline is None else deadline
        request = Request(
            id=uuid.uuid4().hex,
            client=self._transport.client,
            instance=self._instance,
            command=command,
        )
        body = self._requests.encode(request)
        if len(body) > MESSAGE_BYTES:
            raise WrongInput(f"a request of {len(body)} bytes; at most {MESSAGE_BYTES} can be sent")
        answered = asyncio.get_running_loop().create_future()
        self._open[request.id] = answered
        taken = False
        try:
            async with asyncio.timeout(seconds):
                while not answered.done():
                    sent = await self._transport.send(body)
                    taken = taken or sent
                    pause = self._repeat if sent else REFUSED_SECONDS
                    await asyncio.wait({answered}, timeout=pause)
        except TimeoutError:
            raise NoAnswer(self._silence(seconds, taken)) from None
        finally:
            del self._open[request.id]
        return _result(answered.result(), kind)

    def _receive(self, body: bytes) -> None:
        try:
            answer = self._answers.decode(body)
        except Undecodable as error:
            logger.warning("an answer was put aside: %s", error)
            return
        waiting = self._open.get(answer.id)  # none for the repetition of an answer that is here
        if waiting is not None and not waiting.done():
            waiting.set_result(answer)

    def _silence(self, seconds: float, taken: bool) -> str:
        if not self.connected:
            return f"not connected to the broker for the last {seconds:g} s; is it running?"
        name = self._transport.orchestrator
        if not taken:
            return (
                f"no orchestrator {name!r} has ever been on this broker, or its inbox is full: "
                f"is `trialmq serve` running on this broker, and is its name {name!r}?"
            )
        return (
            f"no orchestrator answered within {seconds:g} s: is `trialmq serve` running on this "
            f"broker, and is its name {name!r}?"
        )


def _result(answer: Answer, kind: type[T] | None) -> T:
    refusal = answer.refusal
    if refusal is not None:
        raise _error(refusal)
    try:
        return msgspec.msgpack.decode(answer.result, type=kind)
    except msgspec.MsgspecError as error:
        raise ProtocolError(f"the answer is of another version: {error}") from error


def _error(refusal: Refusal) -> TrialMQError:
    return ERRORS[refusal.kind](refusal.sentence)
