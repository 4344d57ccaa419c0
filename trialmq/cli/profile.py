"""``trialmq profile``: named configurations, saved from trials, compared, and kept by version.

Looking needs no lock and works beside a running search; what changes something is asked of a
service, here in this process or with ``--connect`` elsewhere. Files are read and written here.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

from schema.errors import WrongInput
from schema.profile import checked_profile_name
from trialmq.cli.changing import change
from trialmq.cli.notes import tell
from trialmq.cli.options import HERE, Place
from trialmq.cli.profile_looks import diff, history, list_profiles, show
from trialmq.cli.profile_names import TrialName, profile_name, trial_name
from trialmq.cli.profile_values import values_of_profile, values_of_study

if TYPE_CHECKING:
    from orchestrator.client.client import Client
    from schema.profile_history import ImportedProfile, ProfileOverview
    from schema.values import Value

Texts = Annotated[tuple[str, ...], Parameter(metavar="VAR=VALUE", negative="", show_default=False)]
Because = Annotated[str, Parameter(metavar="TEXT", show_default=False)]


def profile_application(sort_key: int) -> App:
    """The commands ``trialmq profile …``, at their place among the others."""
    app = App(name="profile", help="Keep configurations under a name.", sort_key=sort_key)
    app.command(save)
    app.command(list_profiles, name="list")
    for looking in (show, diff, history):
        app.command(looking)
    app.command(export)
    app.command(import_file, name="import")
    for changing in (rename, delete):
        app.command(changing)
    return app


def save(
    name: str,
    /,
    *,
    origin: Annotated[
        str | None, Parameter(name="--from", metavar="STUDY[:NUMBER]", show_default=False)
    ] = None,
    set: Texts = (),
    because: Because = "",
    common: Place = HERE,
) -> None:
    """Save a configuration as the next version of a profile.

    Args:
        name: The profile's; what it had before stays, as earlier versions
        origin: A trial, or the best one of a study; without: the profile as it was
        set: Change a value: training.epochs=12. May be repeated.
        because: Why; it is shown in the history
    """
    checked_profile_name(name)
    trial = None if origin is None else trial_name(origin, "--from")
    if trial is None and not set:
        raise WrongInput("say what to save: --from STUDY[:NUMBER], or --set group.variable=value")

    async def work(client: "Client") -> "ProfileOverview":
        values: dict[str, Value]
        source = trial or TrialName("")
        if trial is None:
            values = await values_of_profile(client, name, set)
        else:
            values = await values_of_study(client, trial.study, set)
        return await client.save_profile(
            name, study=source.study, trial=source.number, set=values, because=because
        )

    print(_saved(change(common, work)))


def export(name: str, file: Path, /, *, common: Place = HERE) -> None:
    """Write a profile to a file, in place of what is there.

    TOML tells of each variable what it is for, its range and its default.

    Args:
        name: NAME, or NAME@VERSION for an earlier version
        file: Its ending says the format: .toml, .json, .yaml
    """
    from schema.profile_files.files import check_ending, write_profile
    from trialmq.cli.reading import read_profile

    check_ending(file)
    stored = read_profile(common, profile_name(name))
    write_profile(file, stored.profile, stored.space)
    print(f"profile {stored.profile.name}@{stored.profile.version} is written to {file}")


def import_file(
    file: Path,
    /,
    *,
    name: Annotated[str, Parameter(metavar="NAME", show_default=False)] = "",
    study: Annotated[str, Parameter(metavar="STUDY", show_default=False)] = "",
    because: Because = "",
    common: Place = HERE,
) -> None:
    """Save what stands in a file as the next version of a profile.

    A profile of an older configuration class is fitted to that of today, and
    you are told of everything that does not fit.

    Args:
        file: .toml, .json or .yaml, as `trialmq profile export` writes it or by hand
        name: Save it under this name, not its own
        study: Check it by the variables of this study
        because: Why; it is shown in the history
    """
    from schema.profile_files.files import read_profile

    profile = read_profile(file)
    checked_profile_name(name or profile.name)

    async def work(client: "Client") -> "ImportedProfile":
        return await client.import_profile(profile, name=name, study=study, because=because)

    imported = change(common, work)
    tell(f"{file}", imported.notes)
    print(_saved(imported.saved))


def rename(name: str, to: str, /, *, common: Place = HERE) -> None:
    """Give a profile another name; its history goes with it.

    Args:
        name: As it is called
        to: As it is to be called; no other may have been called so
    """
    checked_profile_name(to)
    change(common, lambda client: client.rename_profile(name, to))
    print(f"profile {name} is called {to} now")


def delete(name: str, /, *, common: Place = HERE) -> None:
    """Take a profile off the list; its versions stay in its history.

    Args:
        name: The profile's
    """
    change(common, lambda client: client.delete_profile(name))
    print(f"profile {name} is deleted; `trialmq profile history {name}` still has its versions")


def _saved(overview: "ProfileOverview") -> str:
    """``profile quiet@2 is saved: trial 7 of study wake, 1 value edited``."""
    from trialmq.cli.profile_tables import origin_of

    said = origin_of(overview.provenance)
    return f"profile {overview.name}@{overview.version} is saved{said and ': '}{said}"
