"""The configuration of a running training: what is in force, what it is bound to, how it changes.

A revision is a whole configuration. Those of its variables that are `Live` and have another value
than the one in force are set, all or none: where a binding raises, where the user's own check of
the configuration refuses, everything is taken back and the revision is refused with the reason.
Variables that are not live stay as they are until the next attempt. Nothing here knows the runner.
"""

from collections.abc import Mapping
from typing import Any

from schema.configuration import Config, build
from schema.errors import ConfigurationError
from schema.space import Space
from schema.values import Value
from trial_runner.binding import Binding, Undo, binding, take_back


class Refused(Exception):
    """A change that the training cannot take; raised by what is bound, with the reason."""


class LiveEdits:
    """What is in force in one attempt; ``revision`` is the number of the last one applied."""

    def __init__(self, config: Config, space: Space, revision: int, values: Mapping[str, Value]):
        self.config: Any = config
        self.revision = revision
        self.values = dict(values)
        self._space = space
        self._live = [variable.path for variable in space.variables if variable.live]
        self._begun = dict(values)
        self._bindings: dict[str, list[Binding]] = {}
        self._changes: dict[str, Value] = {}

    def bind(self, path: str, target: Any, attribute: str | None) -> None:
        """From now on ``target`` has the value of the variable at ``path``.

        Raises:
            UnknownName: there is no such variable.
            ConfigurationError: it is not marked `Live`.
            WrongInput: there is nothing of that name to set on ``target``.
        """
        variable = self._space.variable(path)
        if not variable.live:
            raise ConfigurationError(
                f"{path}: it is not marked Live, so nothing can be bound to it; declare it as "
                f"Annotated[{variable.kind}, …, tq.Live()]"
            )
        bound = binding(path, target, attribute)
        self._bindings.setdefault(path, []).append(bound)
        self._changes.pop(path, None)
        now = self.values[path]
        if now != self._begun[path]:  # what is bound was made before the edit
            bound(now, self._begun[path])

    def changes(self) -> dict[str, Value]:
        """What changed since the last call and is not bound to anything."""
        changes, self._changes = self._changes, {}
        return changes

    def tuned(self, config: Config, values: Mapping[str, Value]) -> None:
        """The training itself chose these values."""
        self.config = config
        self.values.update(values)

    def apply(
        self, number: int, values: Mapping[str, Value]
    ) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Put a revision in force; returns the variables that changed, and those not bound.

        Raises:
            Refused: it is not in force; what was in force before still is.
        """
        changed = {path: values[path] for path in self._live if values[path] != self.values[path]}
        wanted = self.values | changed
        try:
            config = build(type(self.config), wanted)
        except Exception as error:
            raise Refused(refusal(error)) from error
        self._set(changed)
        unbound = {path: value for path, value in changed.items() if path not in self._bindings}
        self.config, self.values, self.revision = config, wanted, number
        self._changes |= unbound
        return tuple(changed), tuple(unbound)

    def _set(self, changed: Mapping[str, Value]) -> None:
        undos: list[Undo] = []
        for path, value in changed.items():
            for bound in self._bindings.get(path, ()):
                try:
                    undos.append(bound(value, self.values[path]))
                except Exception as error:
                    take_back(undos)
                    raise Refused(f"{path}: {refusal(error)}") from error


def refusal(error: BaseException) -> str:
    """Why an edit is refused, out of what the user's code raised."""
    words = str(error).strip().partition("\n")[0]
    kind = type(error).__name__
    plain = isinstance(error, Refused | ConfigurationError) and words
    return (words if plain else f"{kind}: {words}")[:500]
