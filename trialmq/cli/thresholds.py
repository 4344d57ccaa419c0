"""``trialmq thresholds``: what other decisions give on the validation scores of a trial."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated

import msgspec
from cyclopts import Parameter
from msgspec.structs import replace

from schema.detection import Confusion, Detection, Judgement
from schema.errors import UnknownName, WrongInput
from schema.figures import counted, figure, measured, shown_value
from schema.scores import LEVELS, Decision, Roles, Scores
from schema.values import Value
from trialmq.cli.curve import plot
from trialmq.cli.json_file import STDOUT, check_json_file, write_json_file
from trialmq.cli.options import HERE, Place, at_least_one
from trialmq.cli.profile_names import trial_name

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table

    from schema.space import Space

PLOT_WIDTH, PLOT_HEIGHT = 64, 7
CONFIGURED, BEST = "configured", "best F1"
PARTS = {"clips": "clips", "stream": "streams"}


class Point(msgspec.Struct, frozen=True, kw_only=True):
    """What one threshold gives; ``said`` is what there is to say of it. Rates are from 0 to 1."""

    threshold: float
    said: tuple[str, ...]
    clips: dict[str, float] | None
    stream: dict[str, float] | None
    false_alarms_per_hour: float | None


class ThresholdCurve(msgspec.Struct, frozen=True, kw_only=True):
    """The points of one decision, ascending."""

    decision: Decision
    points: list[Point]


class Thresholds(msgspec.Struct, frozen=True, kw_only=True):
    """What was found; ``roles`` says which variables the values of a decision are."""

    study: str
    trial: int
    roles: Roles
    curves: list[ThresholdCurve]


def thresholds(
    trial: Annotated[str | None, Parameter(metavar="STUDY[:NUMBER]")] = None,
    /,
    *,
    smoothing: Annotated[
        tuple[int, ...], Parameter(metavar="N", negative="", show_default=False)
    ] = (),
    set: Annotated[
        tuple[str, ...], Parameter(metavar="VAR=VALUE", negative="", show_default=False)
    ] = (),
    points: Annotated[int, Parameter(metavar="N")] = 19,
    json: Annotated[str | None, Parameter(metavar="FILE", allow_leading_hyphen=True)] = None,
    common: Place = HERE,
) -> None:
    """Show what other thresholds give, on stored validation scores.

    Precision, recall, F1 and false alarms an hour against the threshold, at
    once and without a model: of trials whose objective calls
    trial.store_scores(…).

    Args:
        trial: Of which study, and of its best trial or of this one
        smoothing: Average so many scores instead of the configured number. May be repeated.
        set: Another value of a variable of the decision: inference.cool_down_s=2. May be repeated.
        points: So many thresholds, evenly spread
        json: Write the figures to this file; - is standard output.
    """
    from trialmq.cli.reading import read_scores
    from trialmq.cli.terminal import console

    at_least_one("--points", points)
    for window in smoothing:
        at_least_one("--smoothing", window)
    if json is not None:
        check_json_file(json)
    named = None if trial is None else trial_name(trial, "thresholds")
    study, number = (named.study, named.number) if named else (None, None)
    found = read_scores(common, study, number)
    space, roles = found.spec.objective.space, found.scores.roles
    decision = roles.decision({**found.trial.config, **_values(space, roles, set)})
    detection = Detection(found.scores)
    curves = [
        threshold_curve(detection, replace(decision, smoothing=window), points)
        for window in smoothing or [decision.smoothing]
    ]
    name = found.spec.name
    if json is not None:
        result = Thresholds(study=name, trial=found.trial.number, roles=roles, curves=curves)
        write_json_file(json, result)
    screen = console(stderr=json == STDOUT)
    screen.print(f"[name]{name}  trial {found.trial.number}[/]  {what_is_there(found.scores)}")
    for curve in curves:
        for block in blocks(curve, roles, min(PLOT_WIDTH, screen.width)):
            screen.print()
            screen.print(block)
    hint = " ".join(["trialmq profile save NAME --from", f"{name}:{found.trial.number}"])
    screen.print()
    screen.print(f"keep one: {hint} --set {roles.threshold}=…", style="faint", markup=False)


def _values(space: "Space", roles: Roles, texts: Sequence[str]) -> Mapping[str, Value]:
    """The values that a person wrote, of variables of the decision.

    Raises:
        WrongInput: one of them is something else.
    """
    values: dict[str, Value] = {}
    known = roles.paths().values()
    for text in texts:
        path, equals, value = text.partition("=")
        if not equals:
            raise WrongInput(f"--set {text}: write VAR=VALUE")
        if path.strip() not in known:
            raise UnknownName("variable of the decision:", path.strip(), known)
        values[path.strip()] = space.parse(path.strip(), value.strip())
    return values


def threshold_curve(detection: Detection, decision: Decision, count: int) -> ThresholdCurve:
    """``count`` thresholds spread over the scores, the configured one, and the best."""
    scores = detection.scores
    said: dict[float, list[str]] = {decision.threshold: [CONFIGURED]}
    for part, best in (
        ("clips", detection.best_on_clips(decision)),
        ("stream", detection.best_on_stream(decision)),
    ):
        if best is not None:
            said.setdefault(best, []).append(f"{BEST} on {PARTS[part]}")
    spread = [round(scores.score(LEVELS * n / (count + 1)), 9) for n in range(1, count + 1)]
    judged = detection.curve(decision, [*spread, *said])
    return ThresholdCurve(decision=decision, points=[_point(j, said) for j in judged])


def _point(judgement: Judgement, said: Mapping[float, Sequence[str]]) -> Point:
    threshold = judgement.decision.threshold
    return Point(
        threshold=threshold,
        said=tuple(said.get(threshold, ())),
        clips=_rates(judgement.clips),
        stream=_rates(judgement.stream),
        false_alarms_per_hour=judgement.false_alarms_per_hour,
    )


def _rates(confusion: Confusion | None) -> dict[str, float] | None:
    if confusion is None:
        return None
    rates = {"precision": confusion.precision, "recall": confusion.recall, "f1": confusion.f1}
    return {**rates, **msgspec.structs.asdict(confusion)}


def what_is_there(scores: Scores) -> str:
    """``600 clips, 151 of them to be detected · 10 min of streams with 40 events``."""
    said = []
    if scores.clips is not None:
        wanted = sum(scores.clips.wanted)
        text = f"{counted(len(scores.clips.wanted), 'clip')}, {wanted:,} of them to be detected"
        if scores.clips.left_out:
            text += f" (evenly chosen, {scores.clips.left_out:,} left out)"
        said.append(text)
    if scores.streams:
        minutes = sum(stream.seconds for stream in scores.streams) / 60
        events = sum(len(stream.events) for stream in scores.streams)
        said.append(f"{figure(minutes)} min of streams with {counted(events, 'event')}")
    return " · ".join(said)


def blocks(curve: ThresholdCurve, roles: Roles, width: int) -> "Iterator[RenderableType]":
    """The decision, its table, and F1 against the threshold as a picture."""
    from rich.text import Text

    decision = msgspec.structs.asdict(curve.decision)
    rest = {role: path for role, path in roles.paths().items() if role != "threshold"}
    rest.setdefault("smoothing", "smoothing")
    values = (f"{path} {shown_value(decision[role])}" for role, path in rest.items())
    yield Text(" · ".join(values), "faint")
    yield threshold_table(curve.points, roles.threshold)
    for part, name in PARTS.items():
        rates = [(p.threshold, getattr(p, part)) for p in curve.points]
        known = [(threshold, rate["f1"]) for threshold, rate in rates if rate is not None]
        if len(known) > 1:
            lines = plot(known, width, PLOT_HEIGHT)
            title = f"F1 on {name} by {roles.threshold}\n"
            yield Text.assemble((title, "name"), "\n".join(lines))


def threshold_table(points: Sequence[Point], path: str) -> "Table":
    """A row a threshold; the configured one and the best stand out."""
    from rich.table import Table

    parts = [part for part in PARTS if getattr(points[0], part) is not None]
    table = Table(box=None, header_style="faint", padding=(0, 2, 0, 0), pad_edge=False)
    table.add_column(f"\n{path}", justify="right", no_wrap=True)
    for part in parts:
        for place, title in enumerate(("precision", "recall", "F1")):
            table.add_column(f"{PARTS[part] if not place else ''}\n{title}", justify="right")
        if part == "stream":
            table.add_column("false alarms\nan hour", justify="right")
    table.add_column("")
    for point in points:
        cells = [figure(point.threshold)]
        for part in parts:
            rates = getattr(point, part)
            detected = rates["true_positives"] + rates["false_positives"]
            cells.append(measured(rates["precision"]) if detected else "–")
            cells += [measured(rates["recall"]), measured(rates["f1"])]
            if part == "stream":
                cells.append(figure(point.false_alarms_per_hour or 0.0))
        style = "name" if CONFIGURED in point.said else "best" if point.said else None
        table.add_row(*cells, f"← {', '.join(point.said)}" if point.said else "", style=style)
    return table
