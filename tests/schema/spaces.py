"""A configuration of every kind of variable, and generated spaces with values that they allow."""

from typing import Annotated, Any, Literal

import msgspec
from hypothesis import settings
from hypothesis import strategies as st

from schema.configuration import Config, Group
from schema.markers import AfterTraining, Doc, Fixed, Live, OneOf, Range, When
from schema.space import Space
from schema.values import Value
from schema.variables import Condition, Variable


class Schedule(Group):
    kind: Literal["constant", "cosine"] = "constant"
    warmup: Annotated[int, Range(0, 100, step=10), When("kind", "cosine")] = 20


class Adam(Group):
    beta1: Annotated[float, Range(0.8, 0.99)] = 0.9
    amsgrad: bool = False


class Training(Group):
    learning_rate: Annotated[
        float, Range(1e-5, 1e-1, log=True), Live(), Doc("step size", unit="1/step")
    ] = 1e-3
    optimizer: Literal["adamw", "sgd"] = "adamw"
    momentum: Annotated[float, Range(0.0, 0.99), When("training.optimizer", "sgd")] = 0.9
    nesterov: Annotated[bool, When("momentum", 0.9)] = False
    epochs: int = 10
    adam: Annotated[Adam, When("optimizer", "adamw")] = Adam()
    schedule: Schedule = Schedule()


class Architecture(Group):
    channels: Annotated[int, Range(8, 64, log=True)] = 16
    kernel: Annotated[int, OneOf(3, 5, 7)] = 3
    size: Annotated[str, OneOf("small", "medium", "large")] = "medium"
    dropout: Annotated[float, Range(0.0, 0.5, step=0.1), Live()] = 0.1
    compiled: Annotated[bool, Fixed()] = False
    name: str = "crnn"


class Inference(Group):
    threshold: Annotated[float, Range(0.05, 0.95), AfterTraining()] = 0.5


class Detector(Config):
    architecture: Architecture = Architecture()
    training: Training = Training()
    inference: Inference = Inference()
    seed: int = 0


FINITE = st.floats(-1e6, 1e6, allow_nan=False)
INTEGERS = st.integers(-(10**6), 10**6)
PATHS = ("a", "b", "group.a", "group.b", "group.inner.a", "other.a", "other.inner.most.b")
GENERATED = settings(max_examples=50, deadline=None)
"""For tests that generate spaces: a busy machine may take its time over one of them."""


def allowed(variable: Variable) -> st.SearchStrategy[Value]:
    """Values that the variable allows."""
    if variable.choices is not None:
        return st.sampled_from(variable.choices)
    if variable.kind == "bool":
        return st.booleans()
    if variable.kind == "str":
        return st.text(st.characters(codec="utf-8"), max_size=5)
    low, high, step = variable.low, variable.high, variable.step
    if low is None or high is None:
        return INTEGERS if variable.kind == "int" else FINITE
    if step is not None:
        steps = round((high - low) / step)
        return st.integers(0, steps).map(lambda k: min(low + k * step, high))
    if variable.kind == "int":
        return st.integers(int(low), int(high))
    return st.floats(low, high)


@st.composite
def _domains(draw: st.DrawFn) -> dict[str, Any]:
    """The parts of a variable that say which values it has."""
    match draw(st.sampled_from(["bool", "text", "number", "literal", "one of", "int", "float"])):
        case "bool":
            return {"kind": "bool"}
        case "text":
            return {"kind": "str"}
        case "number":
            return {"kind": draw(st.sampled_from(["int", "float"]))}
        case "literal":
            words = st.lists(st.text("abc", min_size=1), min_size=1, max_size=4, unique=True)
            return {"kind": "str", "choices": tuple(draw(words))}
        case "one of":
            numbers = draw(st.lists(INTEGERS, min_size=2, max_size=5, unique=True))
            kind = draw(st.sampled_from(["int", "float"]))
            return {"kind": kind, "choices": tuple(sorted(numbers)), "ordered": True}
        case "int":
            log = draw(st.booleans())
            low = draw(st.integers(1, 1000)) if log else draw(INTEGERS)
            step = 1 if log else draw(st.integers(1, 5))
            high = low + step * draw(st.integers(1, 50))
            return {"kind": "int", "low": low, "high": high, "log": log, **_step(log, step)}
        case _:
            log = draw(st.booleans())
            start = draw(st.floats(1e-6, 1.0)) if log else draw(st.floats(-100, 100))
            grid = draw(st.sampled_from([0.05, 0.1, 0.3, 1.0]))
            high_end = start + grid * draw(st.integers(1, 50))
            stepped = not log and draw(st.booleans())
            domain = {"kind": "float", "low": start, "high": high_end, "log": log}
            return {**domain, **_step(not stepped, grid)}


def _step(none: bool, step: float) -> dict[str, Any]:
    return {} if none else {"step": step}


@st.composite
def variables(draw: st.DrawFn, path: str) -> Variable:
    """A variable called `path`, without conditions."""
    domain = draw(_domains())
    plain = {"bool": False, "str": "", "int": 0, "float": 0.0}[domain["kind"]]
    first = domain["choices"][0] if "choices" in domain else domain.get("low", plain)
    start = Variable(path=path, default=first, **domain)
    role = draw(st.sampled_from(["searched", "after_training", "fixed"]))
    return msgspec.structs.replace(
        start,
        default=draw(allowed(start)),
        searched=start.has_domain and role == "searched",
        after_training=start.has_domain and role == "after_training",
        live=draw(st.booleans()),
    )


@st.composite
def spaces(draw: st.DrawFn) -> Space:
    """A space in which variables may be conditional on earlier or later ones, never in a circle."""
    paths = draw(st.lists(st.sampled_from(PATHS), min_size=1, max_size=5, unique=True))
    made: list[Variable] = []
    for path in paths:
        bare = draw(variables(path))
        targets = draw(st.lists(st.sampled_from(made), max_size=2)) if made else []
        when = tuple(
            Condition(path=t.path, values=tuple(draw(st.lists(allowed(t), min_size=1, max_size=2))))
            for t in targets
        )
        made.append(msgspec.structs.replace(bare, when=when))
    return Space(variables=tuple(draw(st.permutations(made))))


@st.composite
def samples(draw: st.DrawFn, space: Space) -> dict[str, Value]:
    """What a sampler may suggest: a value for every searched variable that is active."""
    values: dict[str, Value] = {}
    for variable in space.sampling_order():
        if space.is_active(variable, values):
            values[variable.path] = draw(allowed(variable))
    return values
