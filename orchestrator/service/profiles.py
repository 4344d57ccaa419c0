"""What clients do with profiles: save, import, rename and delete them, each as part of a turn.

What is saved is made here, of what is stored, so that its provenance is true: a client says which
trial and which values it wants instead. A file that is imported keeps the provenance it came with.
"""

from collections.abc import Awaitable, Callable, Iterable, Sequence

from msgspec.structs import replace

from orchestrator.engine.trials import Moment
from orchestrator.reading.results import Results
from orchestrator.reading.summary import best_of
from orchestrator.service.differences import function_of
from orchestrator.service.turn import Turn
from orchestrator.store.profiles import StoredProfiles, profile_row
from schema.adaptation import fit
from schema.commands.profiles import DeleteProfile, ImportProfile, RenameProfile, SaveProfile
from schema.errors import WrongInput
from schema.profile import Profile, Provenance, checked_profile_name, with_edits
from schema.profile_history import ImportedProfile, ProfileOverview, ProfileStep, StoredProfile
from schema.requests import ProfileChange
from schema.results import TrialResult
from schema.space import Space
from schema.study import ObjectiveDescription
from schema.values import difference


class Profiles:
    """The profiles of one database; ``offers`` are the objectives that runners have here."""

    def __init__(
        self,
        stored: StoredProfiles,
        results: Callable[[], Awaitable[Results]],
        offers: Callable[[Moment], Sequence[ObjectiveDescription]],
    ) -> None:
        self._stored = stored
        self._results = results
        self._offers = offers

    async def carry_out(self, change: ProfileChange, client: str, turn: Turn) -> object:
        """Decide what ``client`` asks for; the result that `schema.requests.RESULTS` names.

        Raises:
            WrongInput: it cannot be done.
        """
        match change:
            case SaveProfile():
                return await self._save(change, client, turn)
            case ImportProfile():
                return await self._import(change, client, turn)
            case RenameProfile():
                return await self._rename(change, client, turn)
            case DeleteProfile():
                await self._delete(change, client, turn)
                return None

    # ------------------------------------------------------------------ saving

    async def _save(self, save: SaveProfile, client: str, turn: Turn) -> ProfileOverview:
        checked_profile_name(save.name)
        origin, space = await (self._trial_of(save) if save.study else self._last(save))
        source = replace(
            origin.provenance, author=client, at=turn.moment.wall, because=save.because
        )
        profile = with_edits(replace(origin, provenance=source), save.set, space)
        return await self._keep(profile, space, client, turn)

    async def _trial_of(self, save: SaveProfile) -> tuple[Profile, Space]:
        results = await self._results()
        study = await results.study(save.study)
        trial: TrialResult | None
        if save.trial is not None:
            trial = await results.trial(study, save.trial)
        else:
            trial = best_of(study.spec, await results.trials(study))
        if trial is None:
            raise WrongInput(
                f"study {study.name!r} has no best trial yet; name one by its number, "
                f"as in {study.name}:0"
            )
        objective = study.spec.objective
        source = Provenance(study=study.name, trial=trial.number, metrics=trial.metrics or {})
        profile = Profile(
            name=save.name,
            version=1,
            objective=objective.entry,
            values=trial.config,
            fingerprint=objective.space.fingerprint(),
            provenance=source,
        )
        return profile, objective.space

    async def _last(self, save: SaveProfile) -> tuple[Profile, Space]:
        if not save.set:
            raise WrongInput(f"profile {save.name!r}: say what to save, a trial or other values")
        stored = await self._stored.profile(save.name)
        return stored.profile, stored.space

    async def _keep(
        self, profile: Profile, space: Space, client: str, turn: Turn
    ) -> ProfileOverview:
        version = 1 + len(await self._stored.versions(profile.name))
        stored = StoredProfile(
            profile=replace(profile, version=version),
            space=space,
            saved=turn.moment.wall,
            author=client,
        )
        turn.changes.profiles.append(("insert_profile", profile_row(stored)))
        return stored.overview()

    # ------------------------------------------------------------------ importing

    async def _import(self, wanted: ImportProfile, client: str, turn: Turn) -> ImportedProfile:
        given = wanted.profile
        name = checked_profile_name(wanted.name or given.name)
        entry, space = await self._space_for(wanted, turn)
        adapted = fit(given, space)
        values, fingerprint = adapted.values, space.fingerprint()
        source = given.provenance
        before = await self._exported(given, fingerprint)
        if before is not None:
            changes = difference(before.values, values)
            edits = {c.path: c.new for c in changes if c.new is not None}
            source = replace(source, edits=with_edits(before, edits, space).provenance.edits)
        profile = Profile(
            name=name,
            version=1,
            objective=entry,
            values=values,
            fingerprint=fingerprint,
            provenance=replace(source, because=wanted.because or source.because),
        )
        saved = await self._keep(profile, space, client, turn)
        return ImportedProfile(saved=saved, notes=tuple(adapted.sentences()))

    async def _exported(self, given: Profile, fingerprint: str) -> Profile | None:
        """The version that a file was written from, as far as it is the same configuration."""
        for stored in await self._stored.versions(given.name):
            known = stored.profile
            same = known.fingerprint == fingerprint and known.objective == given.objective
            if same and known.version == given.version:
                return known
        return None

    async def _space_for(self, wanted: ImportProfile, turn: Turn) -> tuple[str, Space]:
        """The objective that a profile from elsewhere is for, and the space to check it by.

        That is the named study's. Else the very space that it was saved with, where it is known
        here; else what a runner offers for its objective, or the newest study searches.
        """
        given, results = wanted.profile, await self._results()
        if wanted.study:
            objective = (await results.study(wanted.study)).spec.objective
            return objective.entry, objective.space
        studies = [study.spec.objective for study in reversed(await results.studies())]
        known = [(o.entry, o.space) for o in (*self._offers(turn.moment), *studies)]
        kept = [(s.profile.objective, s.space) for s in await self._stored.all()]
        if given.fingerprint:
            for entry, space in (*known, *kept):
                if space.fingerprint() == given.fingerprint:
                    return entry, space
        if given.objective:
            meant = function_of(given.objective)
            fitting = [found for found in (*known, *kept) if function_of(found[0]) == meant]
        else:
            functions = {function_of(entry) for entry, _ in known}
            fitting = known if len(functions) == 1 else []
        if not fitting:
            raise WrongInput(_unknown_objective(given, (entry for entry, _ in known)))
        return fitting[0]

    # ------------------------------------------------------------------ names

    async def _rename(self, rename: RenameProfile, client: str, turn: Turn) -> ProfileOverview:
        stored = await self._stored.profile(rename.name)
        to = checked_profile_name(rename.to)
        if await self._stored.versions(to):
            raise WrongInput(f"profile name {to!r}: there is or was a profile called so already")
        text = f"{rename.name} to {to}"
        names = (to, rename.name)
        turn.changes.profiles += [("rename_profile", names), ("rename_profile_steps", names)]
        self._note(ProfileStep.RENAMED, to, stored, text, client, turn)
        return replace(stored.overview(), name=to)

    async def _delete(self, delete: DeleteProfile, client: str, turn: Turn) -> None:
        stored = await self._stored.profile(delete.name)
        self._note(ProfileStep.DELETED, delete.name, stored, "", client, turn)

    def _note(
        self,
        step: ProfileStep,
        name: str,
        stored: StoredProfile,
        text: str,
        client: str,
        turn: Turn,
    ) -> None:
        row = (name, stored.profile.version, step, text, client, turn.moment.wall)
        turn.changes.profiles.append(("insert_profile_step", row))


def _unknown_objective(given: Profile, entries: Iterable[str]) -> str:
    here = ", ".join(dict.fromkeys(entries)) or "none, as there is no study yet"
    of = f"its objective {given.objective} is not known here" if given.objective else ""
    why = of or "it does not say which objective it is for"
    return f"profile {given.name!r}: {why}; name a study with --study (objectives here: {here})"
