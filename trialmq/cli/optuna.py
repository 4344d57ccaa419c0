"""``trialmq import optuna``, ``trialmq export optuna``: studies from and to Optuna."""

import asyncio
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

from trialmq.cli.export import export
from trialmq.cli.options import COMMON, Common

if TYPE_CHECKING:
    from orchestrator.optuna_exchange import FromOptuna

Name = Annotated[str | None, Parameter(metavar="NAME", show_default=False)]


def import_application(sort_key: int) -> App:
    """The commands ``trialmq import …``, at their place among the others."""
    app = App(name="import", help="Take over what was searched elsewhere.", sort_key=sort_key)
    app.command(import_optuna, name="optuna")
    return app


def export_application(sort_key: int) -> App:
    """``trialmq export`` and ``trialmq export optuna``, at their place among the others."""
    app = App(name="export", help=export.__doc__, sort_key=sort_key)
    app.default(export)
    app.command(export_optuna, name="optuna")
    return app


def import_optuna(
    storage: str, study: str, /, *, name: Name = None, common: Common = COMMON
) -> None:
    """Take over a study of an Optuna storage, with all its trials that have ended.

    Parameters, distributions, intermediate values, states, times and user attributes are kept.

    Args:
        storage: Its URL, sqlite:///optuna.db, or the path of a journal file
        study: Its name there
        name: What to call it here [default: the same]
    """
    from orchestrator.optuna_exchange import read_study
    from schema.identity import checked_name

    imported = read_study(storage, study, checked_name("study", name or study))
    asyncio.run(_store(imported, common))
    left = f"; {imported.left_out} had not ended and stay there" if imported.left_out else ""
    print(f"imported {len(imported.trials)} trials as study {imported.spec.name!r}{left}")
    print(f"see them with: trialmq {' '.join(['trials', imported.spec.name, *common.hint])}")


async def _store(imported: "FromOptuna", common: Common) -> None:
    from orchestrator.importing import store_imported
    from orchestrator.store.store import Store

    async with Store.open(common.db, durable=True) as store:
        await store_imported(store, imported)


def export_optuna(
    study: str, storage: str, /, *, name: Name = None, common: Common = COMMON
) -> None:
    """Write a study into an Optuna storage, for optuna-dashboard and everything else of Optuna's.

    Args:
        study: Its name here
        storage: The URL, sqlite:///optuna.db, or the path of a journal file
        name: What to call it there [default: the same]
    """
    written = asyncio.run(_export(study, storage, name or study, common))
    print(f"wrote {written} trials to study {name or study!r} in {storage}")
    if "://" in storage:
        print(f"look at it with: optuna-dashboard {storage}")


async def _export(study: str, storage: str, name: str, common: Common) -> int:
    from orchestrator.optuna_exchange import export_study
    from orchestrator.reading.results import Results

    async with Results.open(common.db) as results:
        found = await results.study(study)
        trials = await results.trials(found)
        curves = await results.curves(found)
        attributes = await results.attributes(found)
    return export_study(storage, name, found, trials, curves, attributes)
