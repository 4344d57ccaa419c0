"""A session on the page: its form, what becomes of edits, its history, its thresholds."""

import pytest
from nicegui import ui
from nicegui.testing import User

from orchestrator.client.client import Client
from schema.messages import Assignment, Revised
from schema.revision import RevisionState
from tests.page.acting_runner import STEPS, ActingRunner
from tests.page.conftest import seen, until
from tests.page.test_trials_page import RATE, SESSION, press
from webui.live.service import LiveService

CHANNELS = "architecture.channels"


@pytest.fixture
async def session(client: Client, runner: ActingRunner) -> Assignment:
    """A session that runs."""
    await client.create_study(SESSION)
    return await runner.begin()


async def opened(user: User) -> None:
    await user.open("/session/evening")
    await seen(user, "Configuration")
    await seen(user, f"step {STEPS // 2 - 1}")


def write(user: User, path: str, text: str) -> None:
    """Into the field of a variable."""
    field = user.find(kind=ui.input, marker=path)
    field.clear().type(text).trigger("keydown.enter")


async def test_live_variables_come_first_in_their_groups(user: User, session: Assignment) -> None:
    await opened(user)
    names = [label.text for label in user.find(kind=ui.label).elements if label.text]
    fields = sorted(user.find(marker="field").elements, key=lambda element: element.id)
    paths = [element._markers[1] for element in fields]
    training = [path for path in paths if path.startswith("training.")]
    assert training[:2] == [RATE, "training.clip"], names
    assert len(paths) == len(SESSION.objective.space.variables)


async def test_an_edit_waits_until_it_is_applied_and_says_at_which_step_it_was(
    user: User, live: LiveService, client: Client, session: Assignment, runner: ActingRunner
) -> None:
    await opened(user)
    write(user, RATE, "3e-4")
    write(user, CHANNELS, "32")
    await seen(user, "edited; it is 0.001")
    assert await client.revisions("evening") == ()
    await press(user, "apply")
    await seen(user, "1 live, 1 waits for a restart")
    await press(user, "send")
    await runner.words.orders(lambda orders: orders.revisions)
    told = Revised(number=1, step=STEPS // 2, seconds=7.0, applied=(RATE,))
    await runner.words.record(session, 3, told)
    await seen(user, f"applied at step {STEPS // 2}")
    await seen(user, "Restart with 1 waiting")
    await until(lambda: not len(live.drafts("evening")))
    await press(user, "1")
    await seen(user, "undo of revision 1")
    assert (await client.revisions("evening"))[1].values[RATE] == 1e-3


async def test_a_long_number_shows_its_first_digits_and_stays_what_it_is(
    user: User, client: Client, live: LiveService, session: Assignment, runner: ActingRunner
) -> None:
    exact = 0.00226558463665666
    await client.apply("evening", {RATE: exact})
    await runner.words.orders(lambda orders: orders.revisions)
    told = Revised(number=1, step=STEPS // 2, seconds=7.0, applied=(RATE,))
    await runner.words.record(session, 3, told)
    await opened(user)
    await seen(user, f"applied at step {STEPS // 2}")
    [field] = user.find(kind=ui.input, marker=RATE).elements
    assert (field.value, field.props["title"]) == ("0.00226558", repr(exact))
    user.find(kind=ui.input, marker=RATE).trigger("focus").trigger("keydown.enter")
    assert not len(live.drafts("evening"))
    write(user, RATE, "3e-4")
    await seen(user, "edited; it is 0.00226558")


async def test_what_is_pressed_right_after_an_edit_is_about_it(
    user: User, live: LiveService, session: Assignment
) -> None:
    await opened(user)
    write(user, RATE, "3e-4")
    user.find(kind=ui.button, marker="undo-draft").click()
    assert not len(live.drafts("evening"))
    user.find(kind=ui.button, marker="undo-draft").click()
    await seen(user, "There is no edit of this tab to undo.")
    write(user, RATE, "3e-4")
    user.find(kind=ui.button, marker="apply").click()
    await seen(user, "Apply the edits of session evening")


async def test_what_is_refused_stands_at_the_field(
    user: User, live: LiveService, session: Assignment
) -> None:
    await opened(user)
    write(user, CHANNELS, "100")
    await seen(user, "100 is above 64")
    write(user, "training.momentum", "0.25")
    await seen(user, "it has no effect unless training.optimizer is sgd")
    assert live.drafts("evening").values(0) == {"training.momentum": 0.25}


async def test_what_the_training_refuses_says_why(
    user: User, client: Client, session: Assignment, runner: ActingRunner
) -> None:
    await opened(user)
    await client.apply("evening", {RATE: 0.05})
    await runner.words.orders(lambda orders: orders.revisions)
    told = Revised(number=1, step=STEPS // 2, seconds=7.0, refused="it would diverge")
    await runner.words.record(session, 3, told)
    await seen(user, "refused: it would diverge")
    [revision] = await client.revisions("evening")
    assert revision.state is RevisionState.REFUSED


async def test_a_search_is_no_session(user: User, seeded: str) -> None:
    await user.open("/session/seeded")
    await seen(user, "seeded is a search, not a session.")
