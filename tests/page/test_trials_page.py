"""The table of trials, without a browser: what is entered, refused, contested and sent."""

import contextlib
from collections.abc import AsyncIterator

import httpx
import pytest
from nicegui import core, ui
from nicegui.testing import User, UserInteraction

from orchestrator.client.client import Client
from schema.messages import Assignment, Revised
from schema.pruning import PrunerSettings
from schema.revision import RevisionState
from schema.study import Limits, StudyKind, StudySettings, StudySpec
from tests.page.acting_runner import OFFER, SPACE, STEPS, ActingRunner
from tests.page.conftest import leave, seen, shown, until
from webui.live.service import LiveService

TRIALS = "/study/seeded/trials"
RATE = "training.learning_rate"
SESSION = StudySpec(
    name="evening",
    objective=OFFER,
    sampler="random",
    kind=StudyKind.SESSION,
    settings=StudySettings(limits=Limits(trials=1), pruner=PrunerSettings(pruner="nop")),
    start=SPACE.defaults(),
)


@pytest.fixture
async def other(user: User) -> AsyncIterator[User]:
    """Another tab."""
    transport = httpx.ASGITransport(core.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as http:
        other = User(http)
        yield other
        leave(other)


@pytest.fixture
async def session(client: Client, seeded: str, runner: ActingRunner) -> Assignment:
    """A session that runs, beside the study ``seeded``."""
    await client.create_study(SESSION)
    return await runner.begin()


async def opened(user: User, live: LiveService) -> None:
    """The table stands, with its rows."""
    await user.open(TRIALS)
    await seen(user, "6 trials")


def enter(user: User, number: int, path: str, value: object, saw: object) -> None:
    """As a browser tells it."""
    told = {"row": number, "column": f"v:{path}", "value": value, "seen": saw}
    user.find(ui.aggrid).trigger("cellEditRequest", told)


async def press(user: User, marker: str) -> None:
    """Click the button as soon as it can be."""

    def enabled() -> bool:
        with contextlib.suppress(AssertionError):
            elements = user.find(kind=ui.button, marker=marker).elements
            return all(button.enabled for button in elements)
        return False

    await until(enabled)
    user.find(kind=ui.button, marker=marker).click()


async def field(user: User, marker: str) -> UserInteraction[ui.input]:
    """The field, as soon as it is there."""
    await user.should_see(kind=ui.input, marker=marker, retries=1000)
    return user.find(kind=ui.input, marker=marker)


def stored(live: LiveService, number: int, path: str) -> object:
    return live.study("seeded").rows[number].config[path]


async def edited(user: User, live: LiveService, number: int, **values: object) -> None:
    """Several cells of a row, by the last part of their variables' names."""
    paths = {variable.name: variable.path for variable in SPACE.variables}
    for name, value in values.items():
        enter(user, number, paths[name], value, stored(live, number, paths[name]))
    await until(lambda: len(live.drafts("seeded").of(number)) == len(values))


async def test_what_is_entered_is_a_typed_draft_that_waits_for_being_sent(
    user: User, live: LiveService, seeded: str
) -> None:
    await opened(user, live)
    enter(user, 2, RATE, "3e-4", stored(live, 2, RATE))
    await seen(user, "1 edited cell in 1 trial")
    assert live.drafts("seeded").values(2) == {RATE: 3e-4}


async def test_what_the_configuration_refuses_changes_nothing(
    user: User, live: LiveService, seeded: str
) -> None:
    await opened(user, live)
    enter(user, 2, RATE, "7.5", stored(live, 2, RATE))
    enter(user, 1, RATE, "3e-4", stored(live, 1, RATE))
    await seen(user, "1 edited cell in 1 trial")
    assert live.drafts("seeded").values(2) == {}


async def test_an_edit_without_effect_says_so(user: User, live: LiveService, seeded: str) -> None:
    await opened(user, live)
    enter(user, 2, "training.optimizer", "adamw", stored(live, 2, "training.optimizer"))
    enter(user, 2, "training.momentum", "0.25", stored(live, 2, "training.momentum"))
    await seen(user, "it has no effect unless training.optimizer is sgd")
    assert live.drafts("seeded").values(2)["training.momentum"] == 0.25


async def test_the_slower_of_two_tabs_is_asked_before_it_overwrites(
    user: User, other: User, live: LiveService, seeded: str
) -> None:
    await opened(user, live)
    await opened(other, live)
    before = stored(live, 2, RATE)
    enter(user, 2, RATE, "3e-4", before)
    await until(lambda: live.drafts("seeded").values(2))
    enter(other, 2, RATE, "5e-4", before)
    await seen(other, "another tab changed it to 0.0003")
    assert not shown(user, "Changed meanwhile")
    assert live.drafts("seeded").values(2) == {RATE: 3e-4}
    other.find("Overwrite with 0.0005").click()
    await until(lambda: live.drafts("seeded").values(2) == {RATE: 5e-4})


async def test_undo_takes_back_the_last_edit_of_the_tab(
    user: User, live: LiveService, seeded: str
) -> None:
    await opened(user, live)
    await edited(user, live, 2, learning_rate="3e-4")
    await press(user, "undo")
    await until(lambda: not len(live.drafts("seeded")))


async def test_what_is_pressed_right_after_an_edit_is_about_it(
    user: User, live: LiveService, seeded: str
) -> None:
    await opened(user, live)
    enter(user, 2, RATE, "3e-4", stored(live, 2, RATE))
    assert len(live.drafts("seeded")) == 1
    user.find(kind=ui.button, marker="undo").click()
    assert not len(live.drafts("seeded"))
    user.find(kind=ui.button, marker="undo").click()
    await seen(user, "There is no edit of this tab to undo.")
    enter(user, 2, RATE, "3e-4", stored(live, 2, RATE))
    user.find(kind=ui.button, marker="save").click()
    await seen(user, "Save trial 2 of seeded")


async def test_the_dialog_says_all_before_anything_is_sent(
    user: User, live: LiveService, client: Client, session: Assignment
) -> None:
    await opened(user, live)
    await until(lambda: live.named("evening"))
    await edited(user, live, 2, learning_rate="3e-4", channels="64", epochs="20")
    await press(user, "apply")
    for text in ("0.001", "0.0003", "waits for a restart", "not searched", "Apply 3 changes"):
        await seen(user, text)
    assert await client.revisions("evening") == ()


async def test_applied_values_reach_the_training_and_its_answer_the_dialog(
    user: User, live: LiveService, client: Client, session: Assignment, runner: ActingRunner
) -> None:
    await opened(user, live)
    await until(lambda: live.named("evening"))
    await edited(user, live, 2, learning_rate="3e-4", clip=not stored(live, 2, "training.clip"))
    await press(user, "apply")
    await seen(user, "Apply")
    await press(user, "send")
    orders = await runner.words.orders(lambda orders: orders.revisions)
    assert orders.revisions[0].values[RATE] == 3e-4
    told = Revised(number=1, step=STEPS // 2, seconds=7.0, applied=(RATE,))
    await runner.words.record(session, 3, told)
    await seen(user, f"applied at step {STEPS // 2}")
    [revision] = await client.revisions("evening")
    assert revision.state is RevisionState.APPLIED


async def test_what_somebody_changed_meanwhile_in_the_session_is_shown_and_nothing_is_sent(
    user: User, live: LiveService, client: Client, session: Assignment
) -> None:
    await opened(user, live)
    await until(lambda: live.named("evening"))
    await edited(user, live, 2, learning_rate="3e-4")
    await press(user, "apply")
    await seen(user, "Apply 1 change")
    await client.apply("evening", {RATE: 0.05})
    await press(user, "send")
    await seen(user, "Nothing was sent")
    await seen(user, "0.05")
    assert len(await client.revisions("evening")) == 1


async def test_without_a_session_the_page_says_how_to_start_one(
    user: User, live: LiveService, seeded: str
) -> None:
    await opened(user, live)
    await edited(user, live, 2, learning_rate="3e-4")
    await press(user, "apply")
    await seen(user, "--from seeded:2 --session NAME")


async def test_an_edited_trial_is_saved_as_a_profile(
    user: User, live: LiveService, client: Client, seeded: str
) -> None:
    await opened(user, live)
    await edited(user, live, 2, learning_rate="3e-4")
    await press(user, "save")
    (await field(user, "profile-name")).type("quiet-room")
    await seen(user, "A new profile.")
    await press(user, "send")
    await seen(user, "Saved as quiet-room, version 1.")
    profile = (await client.profile("quiet-room")).profile
    assert profile.values[RATE] == 3e-4
    assert (profile.provenance.study, profile.provenance.trial) == ("seeded", 2)
    assert [(edit.path, edit.new) for edit in profile.provenance.edits] == [(RATE, 3e-4)]


async def test_an_edited_trial_is_queued_as_another_one(
    user: User, live: LiveService, client: Client, seeded: str
) -> None:
    await opened(user, live)
    await edited(user, live, 2, learning_rate="3e-4")
    await press(user, "queue")
    await press(user, "send")
    await seen(user, "Queued at place 1")


async def test_a_note_is_written_in_its_cell(
    user: User, live: LiveService, client: Client, seeded: str
) -> None:
    await opened(user, live)
    told = {"row": 2, "column": "note", "value": "looks odd", "seen": ""}
    user.find(ui.aggrid).trigger("cellEditRequest", told)
    told = {"row": 2, "column": "tags", "value": "noisy, keep", "seen": ""}
    user.find(ui.aggrid).trigger("cellEditRequest", told)
    await until(lambda: live.study("seeded").rows[2].tags)
    trial = (await client.trial("seeded", 2)).trial
    assert (trial.note, trial.tags) == ("looks odd", ("noisy", "keep"))


async def test_a_trial_is_hidden_and_rescored(
    user: User, live: LiveService, client: Client, seeded: str
) -> None:
    await opened(user, live)
    user.find(ui.aggrid).trigger("selectionChanged", [2])
    await seen(user, "1 selected")
    user.find(marker="rescore").click()
    (await field(user, "metric-f1")).clear().type("0.25")
    await press(user, "send")
    await seen(user, "Trial 2 is rescored.")
    user.find(marker="hide").click()
    await until(lambda: live.study("seeded").rows[2].hidden)
    trial = (await client.trial("seeded", 2)).trial
    assert trial.metrics is not None
    assert (trial.metrics["f1"], trial.rescored, trial.hidden) == (0.25, True, True)
