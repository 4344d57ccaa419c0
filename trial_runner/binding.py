"""What a variable is bound to in a running training: an attribute of something, or a function.

Torch is not imported: an optimizer is what has ``param_groups``, a module what has ``modules()``.
Setting a value hands back what takes it back, so that several bindings can be set or none.
"""

from collections.abc import Callable
from typing import Any

from schema.errors import WrongInput
from schema.values import Value

Undo = Callable[[], None]
Binding = Callable[[Value, Value], Undo]
"""Sets a new value where there is the old one; returns what takes it back."""


def binding(path: str, target: Any, attribute: str | None) -> Binding:
    """How to set the variable at ``path`` on ``target``.

    An attribute of an optimizer is set in every group of parameters. One that a module does not
    have itself is set on every module inside of it that has it, as ``p`` is on dropouts. Without an
    attribute ``target`` is called with the value.

    Raises:
        WrongInput: there is nothing of that name to set, or nothing to call.
    """
    if attribute is None:
        if not callable(target):
            what = type(target).__name__
            raise WrongInput(f"{path}: a {what} cannot be called; name the attribute to set")
        return _calling(target)
    if isinstance(groups := getattr(target, "param_groups", None), list):
        if groups and all(attribute in group for group in groups):
            return _on_groups(target, attribute)
    elif holders := _holders(target, attribute):
        return _on_holders(holders, attribute)
    raise WrongInput(f"{path}: {type(target).__name__} has no {attribute!r} to set")


def _holders(target: Any, attribute: str) -> list[Any]:
    if hasattr(target, attribute):
        return [target]
    modules = getattr(target, "modules", None)
    return [m for m in modules() if hasattr(m, attribute)] if callable(modules) else []


def _calling(function: Callable[[Value], object]) -> Binding:
    def bind(value: Value, old: Value) -> Undo:
        function(value)
        return lambda: _discard(function(old))

    return bind


def _discard(result: object) -> None:
    """What a user's function returns does not matter."""


def _on_groups(optimizer: Any, attribute: str) -> Binding:
    def bind(value: Value, old: Value) -> Undo:
        undos = [_set_in(group, attribute, value) for group in optimizer.param_groups]
        return lambda: take_back(undos)

    return bind


def _set_in(group: dict[str, Any], name: str, value: Value) -> Undo:
    """A tensor is filled, because a compiled or captured step looks at that one."""
    there = group[name]
    if hasattr(there, "fill_"):
        number = there.item()
        there.fill_(value)
        return lambda: _discard(there.fill_(number))
    group[name] = value
    return lambda: group.__setitem__(name, there)


def _on_holders(holders: list[Any], attribute: str) -> Binding:
    def bind(value: Value, old: Value) -> Undo:
        undos: list[Undo] = []
        try:
            for holder in holders:
                undos.append(_set_on(holder, attribute, value))
        except BaseException:
            take_back(undos)
            raise
        return lambda: take_back(undos)

    return bind


def _set_on(holder: Any, name: str, value: Value) -> Undo:
    before = getattr(holder, name)
    setattr(holder, name, value)
    return lambda: setattr(holder, name, before)


def take_back(undos: list[Undo]) -> None:
    """Undo what was done, the last first."""
    for undo in reversed(undos):
        undo()
