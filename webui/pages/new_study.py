"""A new study: of an objective that a runner offers, with what another study has, or to let that
one go on.

What is written is kept on the server under an id in the address: a reload loses nothing of it.
"""

from collections.abc import Iterator, Sequence
from uuid import uuid4

from msgspec.structs import replace
from nicegui import ui

from schema.adaptation import as_defaults, fit
from schema.errors import TrialMQError, WrongInput
from schema.profile import Profile
from schema.study import ObjectiveDescription, StudySpec
from webui import addresses
from webui.components.empty_state import empty_state
from webui.components.field import DENSE, Fields
from webui.components.space_form import SpaceForm
from webui.components.study_form import study_fields
from webui.page_context import PageContext
from webui.studies.creating import Form
from webui.studies.forms import empty_form, form_like, free_name


async def page(
    context: PageContext,
    objective: str = "",
    like: str = "",
    go_on: str = "",
    profile: str = "",
    form: str = "",
) -> None:
    """Build the page; ``form`` tells what was written into it before."""
    if not form:
        form = uuid4().hex[:12]
        ui.run_javascript(f"trialmq.ask('form', '{form}')")
    model = context.service.named(like)
    if like and model is None:
        empty_state("search_off", f"There is no study {like}.")
        return
    spec = None if model is None else model.spec
    going_on = bool(go_on) and spec is not None
    offers = list(context.service.offers)
    if going_on and spec is not None:
        offers = [spec.objective]
    entry = objective or (spec.objective.entry if spec is not None else "")
    origin = ""
    if profile:
        stored = await context.tried(context.client.profile(profile))
        if stored is None:
            return
        origin = f"profile {profile}@{stored.profile.version}"
        offers = list(_starting_from(context, stored.profile, offers))
    if not offers:
        _no_offer()
        return
    with ui.element("div").classes("tmq-page"):
        _Page(context, offers, entry, spec, form, going_on=going_on, origin=origin)


def _starting_from(
    context: PageContext, profile: Profile, offers: Sequence[ObjectiveDescription]
) -> Iterator[ObjectiveDescription]:
    """The objectives that the profile fits, with its values as their defaults: so the first trial
    is the profile, and what is searched starts there."""
    for offer in offers:
        try:
            adapted = fit(profile, offer.space)
        except WrongInput:
            continue
        if offer.entry == profile.objective:
            for sentence in adapted.sentences():
                context.notify(sentence)
        yield replace(offer, space=as_defaults(adapted.values, offer.space))


def _no_offer() -> None:
    empty_state(
        "dns",
        "No runner offers an objective.",
        "A study is made of what a runner may run. Start one; this page will know it then.",
        "trialmq runner --broker URL --allow train.py:train",
    )


class _Page:
    def __init__(
        self,
        context: PageContext,
        offers: Sequence[ObjectiveDescription],
        entry: str,
        model: StudySpec | None,
        form: str,
        *,
        going_on: bool,
        origin: str = "",
    ) -> None:
        self._context = context
        self._origin = origin
        self._model = model
        self._going_on = going_on
        self._offers = {offer.entry: offer for offer in offers}
        self._id = form
        title = "New study"
        if model is not None:
            title = f"Go on with {model.name}" if going_on else f"Clone of {model.name}"
        if origin:
            title = f"New study from {origin}"
        with ui.element("div").classes("tmq-toolbar"):
            ui.label(title).classes("tmq-title")
            self._chosen = ui.select(
                list(self._offers),
                value=entry if entry in self._offers else next(iter(self._offers)),
                on_change=self._show,
            ).props(f'{DENSE} options-dense aria-label="Objective"')
            self._chosen.set_visibility(not going_on)
            ui.element("div").classes("tmq-space")
            ui.button("Start over", on_click=self._start_over).props("flat dense")
        if entry and entry not in self._offers:
            ui.label(f"No runner offers {entry} now.").classes("tmq-bad")
        self._place = ui.element("div").classes("tmq-column")
        with ui.element("div").classes("tmq-toolbar tmq-sticky"):
            self._problem = ui.label().classes("tmq-bad").mark("problem")
            ui.element("div").classes("tmq-space")
            word = "Go on" if going_on else "Create study"
            create = ui.button(word, icon="play_arrow", on_click=self._create)
            create.props("unelevated").mark("create")
        self._show()

    @property
    def _key(self) -> str:
        named = "" if self._model is None else self._model.name
        return f"{self._id} {self._chosen.value} {named} {self._going_on} {self._origin}"

    def _form(self) -> Form:
        return self._context.service.half_written.form(self._key, self._begun)

    def _begun(self) -> Form:
        """The form before anybody writes into it."""
        offer = self._offers[self._chosen.value]
        taken = {study.name for study in self._context.service.studies}
        if self._model is None:
            return empty_form(offer, taken)
        name = self._model.name if self._going_on else free_name(self._model.name, taken)
        return form_like(self._model, offer, name)

    def _show(self) -> None:
        form = self._form()
        self._fields = Fields(form, form.problem)
        self._problem.set_text("")
        with self._place.clear():
            if form.offer.doc:
                ui.label(form.offer.doc).classes("tmq-dim")
            study_fields(form, self._fields, go_on=self._going_on)
            if not self._going_on:
                SpaceForm(form, self._fields)

    def _start_over(self) -> None:
        self._context.service.half_written.drop(self._key)
        self._show()

    async def _create(self) -> None:
        form = self._form()
        problems = form.problems()
        for name in problems:
            self._fields.check(name)
        if problems:
            self._problem.set_text(next(iter(problems.values())))
            return
        try:
            study = await self._context.client.create_study(self._spec(form))
        except TrialMQError as error:
            self._problem.set_text(str(error))
            return
        self._context.service.half_written.drop(self._key)
        self._context.notify(f"{study.name} is created.", "good")
        ui.navigate.to(addresses.study(study.name))

    def _spec(self, form: Form) -> StudySpec:
        if self._going_on and self._model is not None:
            return replace(self._model, settings=form.settings(self._model.objective))
        return replace(form.spec(), origin=self._origin)
