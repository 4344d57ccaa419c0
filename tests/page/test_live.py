"""What the server of the page knows of a service and a study: once for all tabs, live or not."""

import pytest

from orchestrator.client.client import Client
from schema.messages import Assignment
from schema.trial import TrialState
from tests.client.lossy_transport import LossyTransport
from tests.page.acting_runner import OFFER, STEPS, TWO_METRICS, ActingRunner
from tests.page.conftest import TRIALS, until
from webui.live import study as live_study
from webui.live.service import LiveService


async def test_all_tabs_see_the_same_study(live: LiveService, seeded: str) -> None:
    study = live.study(seeded)
    assert live.study(seeded) is study
    await study.ready()
    assert sorted(study.rows) == list(range(TRIALS))
    assert study.rows[3].state is TrialState.FAILED
    await until(lambda: len(study.curves) == TRIALS)
    assert [len(study.curves[number]) for number in (0, 3, 5)] == [STEPS, STEPS // 2, STEPS // 2]
    assert study.progress.complete == 4


async def test_a_tab_is_told_which_rows_and_curves_changed(
    live: LiveService, client: Client, runner: ActingRunner, running: Assignment
) -> None:
    study = live.study(running.study)
    await study.ready()
    await until(lambda: len(study.curves) == TRIALS)
    seen = study.version
    assert (study.patches_since(seen), study.curves_since(seen)) == ([], [])
    await runner.end(running)
    await until(lambda: len(study.curves[5]) == STEPS and study.progress.complete == 5)
    assert (study.patches_since(seen), study.curves_since(seen)) == ([5], [5])
    assert study.patches_since(0) == list(range(TRIALS))


async def test_changed_settings_are_seen_with_the_version_that_the_next_change_expects(
    live: LiveService, client: Client, seeded: str
) -> None:
    study = live.study(seeded)
    await study.ready()
    assert study.settings.version == 1
    await client.change_settings(seeded, {"limits": {"trials": 9}}, expected=1)
    await until(lambda: study.settings.version == 2)
    assert study.overview.spec.settings.limits.trials == 9


async def test_a_lost_connection_is_known_and_healed(
    live: LiveService, transport: LossyTransport, client: Client, seeded: str
) -> None:
    study = live.study(seeded)
    await live.ready()
    await study.ready()
    assert live.connected
    assert study.connected
    transport.up = False
    await until(lambda: not live.connected and not study.connected)
    assert study.rows
    transport.up = True
    await until(lambda: live.connected and study.connected)
    await client.pause(seeded)
    await until(lambda: study.progress.paused)


async def test_what_nobody_looks_at_is_followed_no_more(
    live: LiveService, seeded: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_study, "IDLE_SECONDS", 0.2)
    study = live.study(seeded)
    await study.ready()
    await until(lambda: not study.connected)
    live.look_at(study)
    await until(lambda: study.connected)


async def test_a_study_that_is_deleted_is_gone(
    live: LiveService, client: Client, runner: ActingRunner, running: Assignment
) -> None:
    study = live.study(running.study)
    await study.ready()
    await client.stop(running.study)
    await runner.end(running)
    await client.delete(running.study)
    await until(lambda: study.deleted)
    unknown = live.study("unknown")
    await unknown.ready()
    assert unknown.deleted
    assert live.progress_of("unknown") is None


async def test_the_service_tells_its_runners_offers_and_how_far_each_study_is(
    live: LiveService, seeded: str
) -> None:
    live.look()
    await until(lambda: live.progress.get(seeded))
    assert {offer.entry for offer in live.offers} == {OFFER.entry, TWO_METRICS.entry}
    assert [runner.name for runner in live.runners] == ["runner-1"]
    best = live.progress[seeded].best
    assert best is not None
    seen = live.study(seeded)
    await seen.ready()
    assert seen.rows[best[0]].value == best[1]


async def test_the_log_is_read_on_at_both_ends(
    live: LiveService, client: Client, seeded: str
) -> None:
    live.look_at_log()
    await until(lambda: live.log.entries)
    ids = [entry.event.id for entry in live.log.entries]
    assert ids == sorted(set(ids))
    await client.pause(seeded)
    await until(lambda: live.log.entries[-1].event.kind == "settings")
    await live.log.older(client)
    assert live.log.complete
    assert live.log.entries[0].event.kind == "created"
