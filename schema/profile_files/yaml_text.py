"""A profile as YAML, by the events of the parser and the emitter: nothing is ever constructed.

Plain scalars mean what the core schema of YAML 1.2 says: ``1e-3`` is a number, ``on``, ``no`` and
``12:30`` are text. PyYAML's own loaders follow YAML 1.1, take the first for text and the others for
a bool and a number, keep the last of two equal keys, and expand aliases without bound. What is
written here is read equally by both versions. Anchors, aliases and tags are refused: no
configuration needs them.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import yaml

from schema.errors import WrongInput
from schema.profile import Profile
from schema.profile_files.document import tables_of

_BOOLS = {
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_NULLS = ("", "~", "null", "Null", "NULL")
_INT = re.compile(r"[-+]?[0-9]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_PLAIN_KEY = re.compile(r"(?!(?:y|n|yes|no|on|off|true|false|null)$)[A-Za-z_][A-Za-z0-9_]*", re.I)
"""Keys that mean themselves in every version of YAML."""


def write_yaml(profile: Profile) -> str:
    """The file that holds `profile`.

    Raises:
        ConfigurationError: its variables cannot stand in a file; see `tables_of`.
    """
    events = [
        yaml.StreamStartEvent(),
        yaml.DocumentStartEvent(explicit=False),
        *_events(tables_of(profile)),
        yaml.DocumentEndEvent(explicit=False),
        yaml.StreamEndEvent(),
    ]
    text: str = yaml.emit(events, allow_unicode=True, width=2**31)
    return text


def read_yaml(text: str) -> dict[str, Any]:
    """The tables of the YAML file that has this text; an empty one has none.

    Raises:
        WrongInput: it is not YAML, has a key twice, an anchor, an alias, a tag or several
            documents (each with line and column), or is not a mapping.
    """
    try:
        events: Iterator[Any] = yaml.parse(text, Loader=yaml.SafeLoader)
        next(events)  # the stream starts
        if isinstance(next(events), yaml.StreamEndEvent):
            return {}
        tables = _node(next(events), events)
        next(events)  # the document ends
        after = next(events)
    except yaml.MarkedYAMLError as error:
        problem = error.problem or error.context
        raise WrongInput(f"not YAML: {problem}{_place(error.problem_mark)}") from error
    except yaml.YAMLError as error:
        raise WrongInput(f"not YAML: {' '.join(str(error).split())}") from error
    except (ValueError, OverflowError) as error:  # "\\UFFFFFFFF", for instance
        raise WrongInput("not YAML: a number or an escaped character is too large") from error
    if not isinstance(after, yaml.StreamEndEvent):
        raise _wrong(after, "a second document starts; write one")
    if not isinstance(tables, dict):
        raise WrongInput("write a mapping by group, like training: {epochs: 6}")
    return tables


def _events(value: object) -> Iterator[Any]:
    if isinstance(value, Mapping):
        yield yaml.MappingStartEvent(None, None, implicit=True, flow_style=not value)
        for key, inner in value.items():
            style = None if _PLAIN_KEY.fullmatch(key) else '"'
            yield yaml.ScalarEvent(None, None, (style is None, style is not None), key, style=style)
            yield from _events(inner)
        yield yaml.MappingEndEvent()
    elif isinstance(value, str):
        yield yaml.ScalarEvent(None, None, (False, True), value, style='"')
    elif isinstance(value, Iterable):
        yield yaml.SequenceStartEvent(None, None, implicit=True, flow_style=False)
        for inner in value:
            yield from _events(inner)
        yield yaml.SequenceEndEvent()
    else:
        yield yaml.ScalarEvent(None, None, (True, False), _plain(value))


def _plain(value: object) -> str:
    """A bool or number; YAML 1.1 takes it for a float only if it has a point."""
    text = str(value).lower() if isinstance(value, bool) else repr(value)
    return text if "." in text else text.replace("e-", ".0e-").replace("e+", ".0e+")


def _node(event: Any, events: Iterator[Any]) -> object:
    _refuse_indirection(event)
    if isinstance(event, yaml.MappingStartEvent):
        return _mapping(events)
    if isinstance(event, yaml.SequenceStartEvent):
        items: list[object] = []
        while not isinstance(item := next(events), yaml.SequenceEndEvent):
            items.append(_node(item, events))
        return items
    return _scalar(event)


def _refuse_indirection(event: Any) -> None:
    if isinstance(event, yaml.AliasEvent) or event.anchor is not None:
        raise _wrong(event, "anchors and aliases are not understood; write the value itself")
    if event.tag is not None:
        raise _wrong(event, f"the tag {event.tag} is not understood; leave it out")


def _mapping(events: Iterator[Any]) -> dict[str, object]:
    found: dict[str, object] = {}
    while not isinstance(key := next(events), yaml.MappingEndEvent):
        _refuse_indirection(key)
        if not isinstance(key, yaml.ScalarEvent):
            raise _wrong(key, "a key must be text")
        name: str = key.value
        if name in found:
            raise _wrong(key, f"{name!r} stands twice in the same mapping")
        found[name] = _node(next(events), events)
    return found


def _scalar(event: Any) -> object:
    text: str = event.value
    if not event.implicit[0]:  # in quotes, or a block of text
        return text
    if text in _BOOLS:
        return _BOOLS[text]
    if text in _NULLS:
        return None
    try:
        if _INT.fullmatch(text):
            return int(text)
        if _FLOAT.fullmatch(text):
            return float(text)
    except ValueError as error:  # a whole number of thousands of digits
        raise _wrong(event, "a whole number must fit in 64 bits") from error
    return float(text.replace(".", "")) if _NOT_FINITE.fullmatch(text) else text


def _wrong(event: Any, problem: str) -> WrongInput:
    return WrongInput(f"{problem}{_place(event.start_mark)}")


def _place(mark: Any) -> str:
    return f" (at line {mark.line + 1}, column {mark.column + 1})" if mark else ""
