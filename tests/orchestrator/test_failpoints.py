"""A normal life of a service comes by every place at which a test may break it."""

import re
from pathlib import Path

import pytest

import orchestrator
from schema import failpoints
from schema.brokers.memory import MemoryHub
from schema.commands.studies import ChangeSettings, CreateStudy
from tests.orchestrator.asking import Asking
from tests.orchestrator.scripted_runner import STARTED, ScriptedRunner, completed
from tests.orchestrator.serving import OFFER, ONE, serving


class Everywhere(str):
    """The name of a failpoint that is looked for, found nowhere, and remembers where it was."""

    seen: set[object]

    def __eq__(self, name: object) -> bool:
        self.seen.add(name)
        return False

    __hash__ = str.__hash__


def named_in_the_source() -> set[str]:
    """The places that the service's source names."""
    files = Path(str(orchestrator.__file__)).parent.rglob("*.py")
    calls = [call for file in files for call in re.findall(r"\breach\((.+)\)", file.read_text())]
    return {name for call in calls for name in re.findall(r'"([\w.]+)"', call)}


async def test_each_place_is_come_by(
    path: Path,
    hub: MemoryHub,
    runner: ScriptedRunner,
    client: Asking,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    name = Everywhere()
    name.seen = set()
    nowhere = failpoints.Failpoint(name, 1, failpoints.Action.KILL)
    monkeypatch.setattr(failpoints, "_chosen", nowhere)
    async with serving(path, hub, resident=True):
        await runner.hello(OFFER)
        await runner.orders()
        await client.ask(CreateStudy(spec=ONE))
        await client.ask(ChangeSettings(study="s", patch={"weight": 2.0}))
        given = await runner.assignment()
        await runner.record(given, 1, STARTED, completed(f1=0.5))
        await runner.applied(given, 2)
    assert len(name.seen) >= 6
    assert named_in_the_source() == name.seen
