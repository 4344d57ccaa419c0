"""The values that ``--set`` asks for, read as the variables want them that they are for."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from schema.errors import InvalidValue
from schema.overrides import parse_set

if TYPE_CHECKING:
    from orchestrator.client.client import Client
    from schema.space import Space
    from schema.values import Value


async def values_of_study(client: "Client", study: str, texts: Sequence[str]) -> "dict[str, Value]":
    """What ``texts`` set of a study's variables.

    Raises:
        WrongInput: there is no such study or variable, or it cannot have such a value.
    """
    if not texts:
        return {}
    return values_in((await client.study(study)).spec.objective.space, texts)


async def values_of_profile(
    client: "Client", name: str, texts: Sequence[str]
) -> "dict[str, Value]":
    """The same of a profile's variables."""
    return values_in((await client.profile(name)).space, texts)


def values_in(space: "Space", texts: Sequence[str]) -> "dict[str, Value]":
    """What ``texts`` set of the variables of a space.

    Raises:
        UnknownName: there is no such variable.
        InvalidValue: it cannot have that value, or is set twice.
        ConfigurationError: a text is not ``group.variable=value``.
    """
    values: dict[str, Value] = {}
    for text in texts:
        path, value = parse_set(text, space)
        if values.get(path, value) != value:
            raise InvalidValue(path, "it is set twice; leave one of them out")
        values[path] = value
    return values
