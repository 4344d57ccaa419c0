"""``trialmq profile list``, ``show``, ``diff`` and ``history``: what there is, without a lock."""

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from schema.errors import WrongInput
from schema.profile import DEFAULT, differences
from trialmq.cli.options import HERE, Place
from trialmq.cli.profile_names import NUMBER, profile_name, trial_name

if TYPE_CHECKING:
    from orchestrator.client.client import Client
    from schema.space import Space
    from schema.values import Value

Flag = Annotated[bool, Parameter(negative="", show_default=False)]


def list_profiles(*, json: Flag = False, common: Place = HERE) -> None:
    """List the profiles.

    Args:
        json: Write everything that is known of them as JSON.
    """
    from trialmq.cli.profile_tables import profiles_table
    from trialmq.cli.reading import visit
    from trialmq.cli.terminal import console

    found = visit(common, lambda client: client.profiles())
    if json:
        _write(list(found))
    elif found:
        console().print(profiles_table(found))
    else:
        print("there is no profile yet; trialmq profile save NAME --from STUDY makes one")


def show(name: str, /, *, json: Flag = False, common: Place = HERE) -> None:
    """Show a profile: where it comes from, and its configuration by group.

    Args:
        name: NAME, or NAME@VERSION for an earlier version
        json: Write it as `trialmq profile export` would.
    """
    from schema.profile_files.files import profile_text
    from trialmq.cli.configuration import configuration_table
    from trialmq.cli.profile_tables import heading
    from trialmq.cli.reading import read_profile
    from trialmq.cli.terminal import console

    stored = read_profile(common, profile_name(name))
    if json:
        sys.stdout.write(profile_text(stored.profile, stored.space, ".json"))
        return
    screen = console()
    screen.print(heading(stored), end="\n\n", soft_wrap=True)
    screen.print(configuration_table(stored.space, stored.profile.values, screen.width))


def diff(left: str, right: str, /, *, json: Flag = False, common: Place = HERE) -> None:
    """Show what two configurations do not have in common, side by side.

    Args:
        left: A profile (NAME or NAME@VERSION), a trial (STUDY:NUMBER), or default
        right: The other one
        json: Write the differences as JSON.
    """
    from trialmq.cli.profile_tables import differences_table
    from trialmq.cli.reading import visit
    from trialmq.cli.terminal import console

    if left == right == DEFAULT:
        raise WrongInput(f"diff {DEFAULT} {DEFAULT}: name a profile or a trial to compare it with")

    async def look(client: "Client") -> "tuple[Side | None, Side | None]":
        return await _side(client, left), await _side(client, right)

    one, other = visit(common, look)
    known = other or one
    assert known is not None  # or both would be the default
    first, second = one or known.default(), other or known.default()
    found = differences(first.values, second.values, known.space)
    if json:
        _write(found)
    elif found:
        console().print(differences_table(found, first.label, second.label))
    else:
        print(f"{first.label} and {second.label} are the same configuration")


def history(name: str, /, *, json: Flag = False, common: Place = HERE) -> None:
    """Show what happened to a profile, also to one that is deleted.

    Args:
        name: The profile's
        json: Write every step with its changes as JSON.
    """
    from trialmq.cli.profile_tables import history_table
    from trialmq.cli.reading import visit
    from trialmq.cli.terminal import console

    named = profile_name(name)
    if named.version is not None:
        raise WrongInput(f"history {name}: a history has all versions; write {named.name}")
    steps = visit(common, lambda client: client.profile_history(named.name))
    if json:
        _write(list(steps))
    else:
        console().print(history_table(steps))


@dataclass(frozen=True, slots=True)
class Side:
    """One of two configurations that are compared, and the space it is complete in."""

    label: str
    values: "dict[str, Value]"
    space: "Space"

    def default(self) -> "Side":
        """The default configuration of the same space."""
        return Side(DEFAULT, self.space.defaults(), self.space)


async def _side(client: "Client", text: str) -> Side | None:
    """What a person means by ``text``; None is the default configuration."""
    if text == DEFAULT:
        return None
    if NUMBER in text:
        named = trial_name(text, "diff")
        study = await client.study(named.study)
        assert named.number is not None  # there is a colon
        trial = (await client.trial(named.study, named.number)).trial
        return Side(text, trial.config, study.spec.objective.space)
    wanted = profile_name(text)
    stored = await client.profile(wanted.name, wanted.version)
    label = f"{stored.profile.name}@{stored.profile.version}"
    return Side(label, stored.profile.values, stored.space)


def _write(found: Any) -> None:
    """As JSON on standard output."""
    import msgspec

    sys.stdout.write(msgspec.json.format(msgspec.json.encode(found), indent=2).decode() + "\n")
