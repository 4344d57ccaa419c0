"""The settings of a study on the page: changed while its trials run; levels; history."""

import contextlib

import pytest
from nicegui import ui
from nicegui.testing import User

from orchestrator.client.client import Client
from schema.pruning import Aggressiveness
from schema.study import StudySettings
from tests.page.conftest import seen, until
from tests.page.fields import field
from webui import addresses
from webui.settings.changes import differences, patch

SETTINGS = StudySettings()


def test_differences_are_told_by_name() -> None:
    changed = StudySettings(parallelism=3)
    assert differences(SETTINGS, changed) == [("trials at once", "none", "3")]
    assert patch(SETTINGS, changed) == {"parallelism": 3}
    assert patch(SETTINGS, SETTINGS) == {}


async def test_a_change_is_put_in_force_and_remembered(
    user: User, client: Client, seeded: str
) -> None:
    await user.open(addresses.settings(seeded))
    await seen(user, "min_resource")
    field(user, "field parallelism").set_value(2)
    level = field(user, "field aggressiveness")
    level.set_value(Aggressiveness.AGGRESSIVE)
    user.find("change settings").click()
    await seen(user, "Put in force")
    await seen(user, "→ aggressive")
    user.find(marker="put in force").click()
    await seen(user, "version 2")
    changed = (await client.settings_history(seeded))[-1]
    assert changed.author == "alice"
    assert changed.settings.parallelism == 2
    assert changed.settings.pruner.aggressiveness is Aggressiveness.AGGRESSIVE
    await seen(user, "→ 2")


async def test_what_was_changed_meanwhile_is_not_overwritten(
    user: User, client: Client, seeded: str
) -> None:
    await user.open(addresses.settings(seeded))
    await seen(user, "min_resource")
    field(user, "field parallelism").set_value(2)
    await client.change_settings(seeded, {"weight": 2.0}, because="another tab")
    await seen(user, "changed meanwhile, to version 2")
    user.find("change settings").click()
    await seen(user, "Put in force")
    user.find(marker="put in force").click()
    await seen(user, "Reload shows them")
    assert (await client.settings_history(seeded))[-1].version == 2


async def test_what_makes_no_sense_is_refused_with_a_sentence(user: User, seeded: str) -> None:
    await user.open(addresses.settings(seeded))
    await seen(user, "min_resource")
    field(user, "field parallelism").set_value(0)
    user.find("change settings").click()
    await seen(user, "write a whole number of at least 1, not 0")


async def test_a_replay_says_what_would_have_been_saved(user: User, seeded: str) -> None:
    await user.open(addresses.settings(seeded))
    await seen(user, "min_resource")
    user.find("replay").click()
    await seen(user, "Only trials that ran to their end count")


@pytest.mark.parametrize("pruner", ["percentile", "wilcoxon"])
async def test_the_numbers_are_those_of_the_chosen_pruner(
    user: User, seeded: str, pruner: str
) -> None:
    await user.open(addresses.settings(seeded))
    await seen(user, "min_resource")
    field(user, "field pruner").set_value(pruner)
    name = {"percentile": "percentile", "wilcoxon": "p_threshold"}[pruner]

    def shown() -> bool:
        with contextlib.suppress(AssertionError):
            tables = user.find(ui.table).elements
            return any(row.get("number") == name for table in tables for row in table.rows)
        return False

    await until(shown)
