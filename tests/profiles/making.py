"""Profiles for tests: one that was saved from a trial, and generated ones with unusual texts."""

from hypothesis import strategies as st

from schema.declaration import space_of
from schema.profile import Edit, Profile, Provenance
from schema.space import Space
from schema.values import Value
from tests.schema.spaces import FINITE, INTEGERS, Detector, allowed

SPACE = space_of(Detector)
TEXTS = st.text(st.characters(codec="utf-8"), max_size=8)
PLAIN: st.SearchStrategy[Value] = st.one_of(st.booleans(), INTEGERS, FINITE, TEXTS)


def profile(space: Space = SPACE, values: dict[str, Value] | None = None) -> Profile:
    """A profile of `space` with exactly `values`, or the default ones."""
    return Profile(
        name="quiet",
        version=3,
        objective="wake.train:train",
        values=space.defaults() if values is None else values,
        fingerprint=space.fingerprint(),
        provenance=Provenance(study="wake", trial=12, metrics={"f1": 0.93}, author="Ann", at=1.7e9),
    )


def sampled(space: Space) -> st.SearchStrategy[dict[str, Value]]:
    """Complete configurations of `space`."""
    every = {variable.path: allowed(variable) for variable in space.variables}
    return st.fixed_dictionaries({}, optional=every).map(space.complete)


provenances = st.builds(
    Provenance,
    study=TEXTS,
    trial=st.none() | st.integers(0, 10**6),
    metrics=st.dictionaries(TEXTS, st.floats(), max_size=3),
    edits=st.lists(st.builds(Edit, path=TEXTS, old=PLAIN, new=PLAIN), max_size=3).map(tuple),
    author=TEXTS,
    at=st.none() | st.floats(0, 4e9),
    because=TEXTS,
)


@st.composite
def profiles(draw: st.DrawFn, space: Space) -> Profile:
    """A profile of `space`, saved by anybody for any reason."""
    return Profile(
        name=draw(st.from_regex(r"[a-z][a-z0-9._-]{0,9}", fullmatch=True)),
        version=draw(st.integers(1, 1000)),
        objective=draw(TEXTS),
        values=draw(sampled(space)),
        fingerprint=draw(st.sampled_from(["", space.fingerprint()])),
        provenance=draw(provenances),
    )
