"""The fields of a study beside its variables: limits, who searches, how trials are ended early."""

from nicegui import ui

from schema.defining import SAMPLERS
from schema.pruning import CONSTRAINTS, PARETO, PRUNERS, Aggressiveness
from webui.components.field import DENSE, LATER, Fields
from webui.studies.creating import Form

WORDS = {
    Aggressiveness.OFF: "off: never",
    Aggressiveness.CONSERVATIVE: "conservative: late, clearly behind",
    Aggressiveness.STANDARD: "standard",
    Aggressiveness.AGGRESSIVE: "aggressive: early",
}
DURATION = "none; 90s, 10m, 2h"


def study_fields(form: Form, fields: Fields, *, go_on: bool) -> None:
    """Everything but the variables; what defines a study stays as it is where it is to go on."""
    with _panel("Study"):
        name = fields.text("name", "Name")
        name.set_enabled(not go_on)
        fields.number("trials", "Trials in all", placeholder="no limit")
        fields.number("parallelism", "Trials at once", placeholder="as many as there are slots")
        fields.text("seconds", "Start none after", placeholder=DURATION)
        fields.text("trial_seconds", "A trial takes at most", placeholder=DURATION)
        fields.text("silent_seconds", "It reports at least every", placeholder=DURATION)
        fields.number("weight", "Share beside other studies", help="2 gets twice as many slots")
        if not go_on:
            fields.choice("sampler", "Sampler", {n: f"{n} – {w}" for n, w in SAMPLERS.items()})
            fields.number("seed", "Seed")
    if not go_on:
        with _panel("What is optimised"):
            _judged(form, fields)
    with _panel("Ending trials early"):
        fields.choice("aggressiveness", "Aggressiveness", {w.value: t for w, t in WORDS.items()})
        fields.choice("pruner", "Pruner", {n: f"{n} – {w}" for n, w in PRUNERS.items()})
        fields.choice("prune_on", "Judged by", _judges(form))
        fields.text("parameters", "Numbers of the pruner", placeholder="min_resource=2")
        fields.number(
            "control_percent",
            "Control trials",
            suffix="%",
            help="This share runs to its end whatever the pruner says, and shows what it loses",
        )


def _panel(title: str) -> ui.element:
    with ui.element("section").classes("tmq-panel"):
        ui.label(title).classes("tmq-panel-head")
        return ui.element("div").classes("tmq-form")


def _judged(form: Form, fields: Fields) -> None:
    if form.offer.dynamic:
        _directions(form)
        return
    ways = {m.name: f"{m.direction} {m.name}" for m in form.offer.metrics}
    fields.choice(
        "metrics",
        "Metrics, the first one sorts",
        ways,
        multiple=True,
        help="With several, the study looks for the best compromises",
    )
    with fields.labelled("constraints", "Constraints", "What a result must hold to count as best"):
        written = ui.input(
            value=", ".join(form.constraints), placeholder="false_positive_rate <= 0.05"
        ).props(f'{DENSE} {LATER} aria-label="Constraints"')

        def take() -> None:
            form.constraints = [part.strip() for part in (written.value or "").split(",")]
            fields.check("constraints")

        written.on_value_change(take).mark("field constraints")


def _directions(form: Form) -> None:
    """Of an Optuna objective: one a value that it returns."""
    with ui.element("div"):
        ui.label("Which way is better, for each value it returns").classes("tmq-field-label")
        written = ui.input(value=", ".join(form.directions)).props(f"{DENSE} {LATER}")

        def take() -> None:
            words = [part.strip().lower() for part in (written.value or "").split(",")]
            form.directions = [word for word in words if word]

        written.on_value_change(take).mark("field directions")


def _judges(form: Form) -> dict[str, str]:
    names = [metric.name for metric in form.offer.metrics]
    judges = {"": "as usual", **{name: name for name in names}}
    if len(names) > 1:
        judges[PARETO] = "the Pareto rank"
    return {**judges, CONSTRAINTS: "the constraints"}
