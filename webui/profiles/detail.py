"""One profile: its values to edit, beside another one, its versions, and what is made of it."""

from collections.abc import Callable

from nicegui import ui

from schema.adaptation import fit
from schema.defining import session_of
from schema.errors import TrialMQError
from schema.identity import checked_name
from schema.profile import DEFAULT
from schema.profile_files.files import profile_text
from schema.profile_history import ProfileEvent, StoredProfile
from schema.values import written
from webui import addresses
from webui.page_context import PageContext
from webui.profiles.comparing import Compared, compared
from webui.profiles.dialogs import ask_one, ask_sure, ask_text
from webui.profiles.form import ProfileForm
from webui.profiles.listing import happened, origin
from webui.times import moment

ENDINGS = ("toml", "json", "yaml")
NOTHING = "nothing"


class Detail:
    """The panel of one profile; ``left`` is called when it is there no more under its name."""

    def __init__(self, context: PageContext, left: Callable[[str], None]) -> None:
        self._context = context
        self._client = context.client
        self._left = left
        self._place = ui.element("div").classes("tmq-column")

    async def show(self, name: str, version: int | None = None, beside: str = NOTHING) -> None:
        """Show a version of a profile, by default its last one; ``beside`` another one."""
        stored = await self._context.tried(self._client.profile(name, version))
        events = await self._context.tried(self._client.profile_history(name))
        if stored is None or events is None:
            return
        other = None if beside == NOTHING else await self._other(stored, beside)
        with self._place.clear():
            self._build(stored, events, beside, other)

    async def _other(self, stored: StoredProfile, beside: str) -> StoredProfile | None:
        """What ``beside`` names: `default`, another profile, or a version of this one."""
        name, _, version = beside.partition("@")
        number = int(version) if version else None
        return await self._context.tried(self._client.profile(name, number))

    def _build(
        self,
        stored: StoredProfile,
        events: tuple[ProfileEvent, ...],
        beside: str,
        other: StoredProfile | None,
    ) -> None:
        profile = stored.profile
        last = max(event.version for event in events)
        with ui.element("section").classes("tmq-panel"):
            with ui.element("div").classes("tmq-panel-head tmq-toolbar"):
                ui.label(profile.name).classes("tmq-title")
                versions = {number: f"version {number}" for number in range(last, 0, -1)}
                chosen = ui.select(versions, value=profile.version).props("dense options-dense")
                chosen.on_value_change(lambda e: self.show(profile.name, e.value, beside))
                against = ui.select(self._comparable(profile.name, last), value=beside)
                against.props('dense options-dense prefix="beside"').mark("beside")
                against.on_value_change(lambda e: self.show(profile.name, profile.version, e.value))
                ui.element("div").classes("tmq-space")
                self._actions(stored)
            facts = f"{profile.objective} · {origin(profile.provenance)}"
            saved = f"saved {moment(stored.saved)} by {stored.author}"
            ui.label(f"{facts} · {saved}").classes("tmq-dim tmq-note")
            if beside == NOTHING:
                self._editable(stored)
            elif beside == DEFAULT or other is not None:
                self._compared(stored, beside, other)
        _history(events)

    def _comparable(self, name: str, last: int) -> dict[str, str]:
        others = [p.name for p in self._context.service.profiles if p.name != name]
        versions = {f"{name}@{number}": f"version {number}" for number in range(last, 0, -1)}
        return {NOTHING: NOTHING, DEFAULT: DEFAULT, **{o: o for o in others}, **versions}

    # ------------------------------------------------------------------ values

    def _editable(self, stored: StoredProfile) -> None:
        with ui.element("div"):
            form = ProfileForm(stored, lambda: edited())
        with ui.element("div").classes("tmq-toolbar tmq-note"):
            ui.element("div").classes("tmq-space")
            save = ui.button("Save as the next version…", on_click=lambda: self._save(stored, form))
            save.props("unelevated").mark("save version").set_enabled(False)

        def edited() -> None:
            save.set_enabled(bool(form.edits))

    async def _save(self, stored: StoredProfile, form: ProfileForm) -> None:
        name = stored.profile.name
        count = "1 value" if len(form.edits) == 1 else f"{len(form.edits)} values"
        why = await ask_text(f"Save {name}", "Why, for its history", "Save", text=f"{count} edited")
        if why is None:
            return
        saving = self._client.save_profile(name, set=form.edits, because=why)
        saved = await self._context.tried(saving)
        if saved is not None:
            self._context.notify(f"Saved as {saved.name}, version {saved.version}.", "good")
            await self.show(name)

    def _compared(self, stored: StoredProfile, beside: str, other: StoredProfile | None) -> None:
        right = stored.space.defaults() if other is None else other.profile.values
        spaces = [stored.space] if other is None else [stored.space, other.space]
        groups = compared(stored.profile.values, right, spaces)
        lines = [line for group in groups.values() for line in group]
        count = sum(line.differs for line in lines)
        ui.label(f"{count} of {len(lines)} variables differ").classes("tmq-note")
        with ui.element("div").classes("tmq-comparison"):
            for title in ("", stored.profile.name, beside):
                ui.label(title).classes("tmq-strong")
            for name, group in groups.items():
                for title in (name or "general", "", ""):
                    ui.label(title).classes("tmq-dim tmq-strong")
                for line in group:
                    _row(line)

    # ------------------------------------------------------------------ what is made of it

    def _actions(self, stored: StoredProfile) -> None:
        name = stored.profile.name
        start = ui.button("Start session", icon="play_arrow", on_click=lambda: self._start(stored))
        start.props("flat dense").mark("start session")
        study = ui.button("New study", icon="add", on_click=lambda: self._study(stored))
        study.props("flat dense").mark("study of profile")
        with ui.button("Export", icon="download").props("flat dense"), ui.menu():
            for ending in ENDINGS:
                ui.menu_item(ending.upper(), lambda ending=ending: _download(stored, ending))
        with ui.button(icon="more_vert").props('flat dense aria-label="More"'), ui.menu():
            ui.menu_item("Rename…", lambda: self._rename(name)).mark("rename profile")
            ui.menu_item("Delete…", lambda: self._delete(name)).mark("delete profile")

    async def _start(self, stored: StoredProfile) -> None:
        """A training for real, with the values of this profile."""
        profile = stored.profile
        offers = {offer.entry: offer for offer in self._context.service.offers}
        if not offers:
            self._context.notify("No runner is there to train it; start one first.", "bad")
            return
        entry = profile.objective
        if entry not in offers:
            chosen = await ask_one("Train which objective?", "Objective", list(offers), "Go on")
            if chosen is None:
                return
            entry = chosen
        name = await ask_text(
            "Start a session", "Its name", "Start", value=profile.name, text=f"Trains {entry}"
        )
        if name is None:
            return
        try:
            if any(study.name == name for study in self._context.service.studies):
                self._context.notify(f"There is a study {name!r}; choose another name.", "bad")
                return
            adapted = fit(profile, offers[entry].space)
            start = f"profile {profile.name}@{profile.version}"
            spec = session_of(
                offers[entry], checked_name("session", name), adapted.values, origin=start
            )
            study = await self._client.create_study(spec)
        except TrialMQError as error:
            self._context.notify(str(error), "bad")
            return
        for sentence in adapted.sentences():
            self._context.notify(sentence)
        ui.navigate.to(addresses.session(study.name))

    def _study(self, stored: StoredProfile) -> None:
        profile = stored.profile
        ui.navigate.to(addresses.new_study(objective=profile.objective, profile=profile.name))

    async def _rename(self, name: str) -> None:
        to = await ask_text(f"Rename {name}", "New name", "Rename", value=name)
        if to and to != name and await self._context.done(self._client.rename_profile(name, to)):
            self._left(to)

    async def _delete(self, name: str) -> None:
        text = "It is listed no more. Its versions stay in its history."
        if await ask_sure(f"Delete {name}?", text, "Delete") and await self._context.done(
            self._client.delete_profile(name)
        ):
            self._place.clear()
            self._left("")


def _row(line: Compared) -> None:
    marked = "tmq-differs" if line.differs else "tmq-dim"
    ui.label(line.path).classes(marked)
    for value in (line.left, line.right):
        ui.label("–" if value is None else written(value)).classes(marked)


def _download(stored: StoredProfile, ending: str) -> None:
    text = profile_text(stored.profile, stored.space, f".{ending}")
    ui.download.content(text, f"{stored.profile.name}.{ending}")


def _history(events: tuple[ProfileEvent, ...]) -> None:
    with ui.element("section").classes("tmq-panel"):
        ui.label("History").classes("tmq-panel-head")
        for row in happened(events):
            with ui.element("div").classes("tmq-version"):
                ui.label(f"version {row['version']}").classes("tmq-strong")
                ui.label(f"{row['step']} {row['at']} by {row['author']}").classes("tmq-dim")
                ui.label(row["text"])
                with ui.element("div"):
                    for change in row["changes"]:
                        ui.label(change).classes("tmq-small")
