"""Profiles on the page: looked at, compared, edited into the next version, made a study of."""

from nicegui.testing import User

from orchestrator.client.client import Client
from tests.page.acting_runner import OFFER
from tests.page.conftest import seen, until
from tests.page.fields import field
from webui import addresses
from webui.live.service import LiveService
from webui.profiles.comparing import compared


def test_two_configurations_are_compared_by_group() -> None:
    space = OFFER.space
    left = space.defaults()
    path = next(v.path for v in space.variables if v.kind == "float")
    right = {**left, path: 0.5, "gone.away": 1}
    groups = compared(left, right, [space])
    differing = [line.path for group in groups.values() for line in group if line.differs]
    assert differing == [path, "gone.away"]
    assert sum(map(len, groups.values())) == len(space.variables) + 1


async def test_a_profile_is_edited_and_its_versions_stay(
    user: User, client: Client, live: LiveService, seeded: str
) -> None:
    await client.save_profile("good", study=seeded, trial=0)
    await live.ready()
    await until(lambda: live.profiles)
    await user.open(addresses.PROFILES)
    await seen(user, "trial 0 of seeded")
    stored = await client.profile("good")
    variable = next(v for v in stored.space.variables if v.kind == "float" and not v.when)
    entry = user.find(f"field {variable.path}")
    written = field(user, f"field {variable.path}")
    written.set_value("1e9")
    entry.trigger("keydown.enter")
    await seen(user, "is above")
    written.set_value(str(variable.high))
    entry.trigger("keydown.enter")
    user.find("save version").click()
    await seen(user, "Why, for its history")
    field(user, "dialog text").set_value("higher is better")
    user.find("dialog done").click()
    await seen(user, "Saved as good, version 2.")
    saved = await client.profile("good")
    assert saved.profile.version == 2
    assert saved.profile.values[variable.path] == variable.high
    assert (await client.profile("good", 1)).profile == stored.profile


async def test_a_profile_beside_the_defaults(
    user: User, client: Client, live: LiveService, seeded: str
) -> None:
    await client.save_profile("good", study=seeded, trial=0)
    await live.ready()
    await until(lambda: live.profiles)
    await user.open(addresses.PROFILES)
    await seen(user, "trial 0 of seeded")
    field(user, "beside").set_value("default")
    await seen(user, "variables differ")


async def test_an_empty_page_says_what_to_do(user: User, client: Client) -> None:
    await user.open(addresses.PROFILES)
    await seen(user, "trialmq profile save NAME --from STUDY")
