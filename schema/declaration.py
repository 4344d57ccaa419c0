"""Reading a user's configuration class, once: class in, `Space` out.

The fields of the class and of its groups are walked in their order; the type and the markers of
each become a `Variable`, conditions are resolved to full paths, and whatever cannot be meant is
refused with a sentence that names class and field. Nothing else ever looks at the class.
"""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal, NamedTuple, get_args, get_origin

import msgspec

from schema.configuration import Config, Group
from schema.errors import ConfigurationError, InvalidValue, UnknownName
from schema.markers import AfterTraining, Alias, Doc, Fixed, Live, Marker, OneOf, Range, When
from schema.space import Space
from schema.values import KINDS, Kind, Value, kind_of
from schema.variables import Condition, Variable


class Declared(NamedTuple):
    """One field of a user's class that is a variable, as it was written."""

    owner: type[Group]
    path: str
    type: object
    markers: tuple[Marker, ...]
    default: Any
    conditions: tuple[tuple[str, When], ...]
    """Each with the group in which its path is looked up first."""
    former: tuple[str, ...] = ()
    """Paths that it may have had before, by its own `Alias` and those of its groups."""

    def wrong(self, problem: str) -> ConfigurationError:
        """The error that says so, where the user has to look."""
        return _wrong(self.owner, self.path.rpartition(".")[2], problem)


def space_of(cls: type[Config]) -> Space:
    """The search space that the class declares.

    Raises:
        ConfigurationError: the declaration cannot be meant; the message names class and field.
    """
    if not (isinstance(cls, type) and issubclass(cls, Config)):
        raise ConfigurationError(f"{cls!r} is not a configuration; derive it from Config")
    declared = list(_variables_in(cls, _default_of(cls), "", ()))
    bare = {one.path: _variable(one) for one in declared}
    variables = [
        msgspec.structs.replace(
            bare[one.path], when=tuple(_conditions(one, bare)), aliases=_aliases(one, bare)
        )
        for one in declared
    ]
    try:
        return Space(variables=tuple(variables))
    except ConfigurationError as error:
        raise ConfigurationError(f"{cls.__name__}: {error}") from error


def _default_of(cls: type[Config]) -> Config:
    for field in _fields_of(cls):
        if field.required:
            raise _wrong(cls, field.name, "it needs a default: write `= …` behind its type")
    try:
        return cls()
    except ValueError as error:
        raise ConfigurationError(f"{cls.__name__}: the default is refused: {error}") from error


def _fields_of(cls: type[Group]) -> tuple[msgspec.structs.FieldInfo, ...]:
    try:
        return msgspec.structs.fields(cls)
    except NameError as error:
        message = f"{cls.__name__}: {error}; define the types of a configuration at module level"
        raise ConfigurationError(message) from error


def _variables_in(
    cls: type[Group],
    default: Group,
    group: str,
    outer: tuple[tuple[str, When], ...],
    former_groups: tuple[str, ...] = (),
) -> Iterator[Declared]:
    """The variables of `cls` and of the groups in it, with the defaults that `default` holds."""
    for field in _fields_of(cls):
        if field.name != field.encode_name:
            raise _wrong(cls, field.name, "renamed fields are not supported; take `rename` away")
        hint = field.type
        path = f"{group}.{field.name}" if group else field.name
        markers = tuple(_markers(cls, field.name, hint))
        conditions = (*outer, *((group, mark) for mark in markers if isinstance(mark, When)))
        python_type = get_args(hint)[0] if get_origin(hint) is Annotated else hint
        former = _former_paths(field.name, markers, (group, *former_groups))
        value = getattr(default, field.name)
        if isinstance(python_type, type) and issubclass(python_type, Group):
            if any(not isinstance(mark, When | Alias) for mark in markers):
                raise _wrong(cls, field.name, "beside a group only When and Alias are understood")
            if type(value) is not python_type:
                raise _wrong(cls, field.name, f"the default must be a {python_type.__name__}")
            yield from _variables_in(python_type, value, path, conditions, former)
        else:
            yield Declared(cls, path, python_type, markers, value, conditions, former)


def _former_paths(
    name: str, markers: tuple[Marker, ...], groups: tuple[str, ...]
) -> tuple[str, ...]:
    """Every path that a field of `groups` (what its group is, and was, called) may have had."""
    aliases = [path for mark in markers if isinstance(mark, Alias) for path in mark.paths]
    within = [f"{group}.{n}" if group else n for n in (name, *aliases) for group in groups]
    return tuple(dict.fromkeys([*within[1:], *aliases]))


def _markers(cls: type[Group], name: str, hint: object) -> Iterator[Marker]:
    seen: set[type[Marker]] = set()
    for mark in getattr(hint, "__metadata__", ()):
        if isinstance(mark, type) and issubclass(mark, Marker):
            raise _wrong(cls, name, f"write {mark.__name__}(…) with parentheses")
        if not isinstance(mark, Marker):
            continue
        if type(mark) in seen and not isinstance(mark, When):
            raise _wrong(cls, name, f"{type(mark).__name__} stands there twice")
        seen.add(type(mark))
        yield mark
    if {Range, OneOf} <= seen:
        raise _wrong(cls, name, "Range and OneOf exclude each other")
    if {Fixed, AfterTraining} <= seen:
        raise _wrong(cls, name, "Fixed and AfterTraining exclude each other")


def _variable(declared: Declared) -> Variable:
    """The variable that was declared, without its conditions."""
    marks: Mapping[type[Marker], Marker] = {type(mark): mark for mark in declared.markers}
    kind, domain = _domain(declared)
    doc = marks.get(Doc)
    after_training = AfterTraining in marks
    try:
        variable = Variable(
            path=declared.path,
            kind=kind,
            default=declared.default,
            after_training=after_training,
            live=Live in marks,
            doc=doc.text if isinstance(doc, Doc) else "",
            unit=doc.unit if isinstance(doc, Doc) else None,
            **domain,
        )
    except InvalidValue as error:
        raise declared.wrong(error.problem) from error
    searched = variable.has_domain and not after_training and Fixed not in marks
    return msgspec.structs.replace(variable, searched=searched)


def _domain(declared: Declared) -> tuple[Kind, dict[str, Any]]:
    """The kind of the values, and the part of a `Variable` that limits them."""
    limits = [mark for mark in declared.markers if isinstance(mark, Range | OneOf)]
    if get_origin(declared.type) is Literal:
        values = get_args(declared.type)
        kinds = {kind_of(value) for value in values}
        kind = kinds.pop()
        if kinds or kind is None or kind == "bool":
            raise declared.wrong("a Literal holds either strings or whole numbers")
        if limits:
            raise declared.wrong("a Literal has its values already; take Range or OneOf away")
        return kind, {"choices": values}
    kind = KINDS.get(declared.type) if isinstance(declared.type, type) else None
    if kind is None:
        name = getattr(declared.type, "__name__", str(declared.type))
        raise declared.wrong(
            f"{name} cannot be searched; use bool, int, float, str, Literal or a class of Group"
        )
    match limits:
        case [Range() as span]:
            if kind not in ("int", "float"):
                raise declared.wrong(f"Range needs int or float, and this is {kind}")
            return kind, {"low": span.low, "high": span.high, "log": span.log, "step": span.step}
        case [OneOf() as one_of]:
            if kind == "bool":
                raise declared.wrong("a bool has its values already; take OneOf away")
            return kind, {"choices": one_of.values, "ordered": True}
    return kind, {}


def _conditions(declared: Declared, variables: Mapping[str, Variable]) -> Iterator[Condition]:
    for group, when in declared.conditions:
        inside = f"{group}.{when.path}" if group else when.path
        target = variables.get(inside) or variables.get(when.path)
        if target is None:
            raise declared.wrong(f"When: {UnknownName('variable', when.path, variables)}")
        if target.after_training and not variables[declared.path].after_training:
            raise declared.wrong(f"When: {target.path} is only chosen after training")
        try:
            values: tuple[Value, ...] = tuple(target.check(value) for value in when.values)
        except InvalidValue as error:
            raise declared.wrong(f"When: {error}") from error
        yield Condition(path=target.path, values=values)


def _aliases(declared: Declared, variables: Mapping[str, Variable]) -> tuple[str, ...]:
    """The paths under which an older profile may have the variable: none that still exists."""
    gone = tuple(path for path in declared.former if path not in variables)
    if declared.former and not gone:
        raise declared.wrong(f"Alias: {declared.former[-1]} still exists; take Alias away")
    return gone


def _wrong(cls: type[Group], name: str, problem: str) -> ConfigurationError:
    return ConfigurationError(f"{cls.__name__}.{name}: {problem}")
