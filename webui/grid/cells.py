"""Values as cells of a table, and what a person entered in a cell as a value. Pure.

A browser knows one kind of number, of 53 bits, and writes 1.0 as 1; so a cell is no value yet, and
only `value_of`, which asks the variable, makes one of it.
"""

from schema.values import Value
from schema.variables import Variable, is_number

EXACT = 2**53
"""Whole numbers beyond this travel as text, since a browser would round them."""


def cell(value: Value | None) -> Value | None:
    """`value` as it can be sent to a browser and comes back unharmed."""
    if is_number(value) and isinstance(value, int) and abs(value) > EXACT:
        return str(value)
    return value


def value_of(variable: Variable, entered: object) -> Value:
    """The value that was entered in a cell: text as a person writes it, or what `cell` made.

    Raises:
        InvalidValue: it does not read as such a value, or is not allowed.
    """
    if entered is None:
        entered = ""
    if not isinstance(entered, str) or entered in (variable.choices or ()):
        return variable.check(entered)
    return variable.parse(entered)


def is_switch(variable: Variable) -> bool:
    """Whether a person turns it on and off."""
    return variable.kind == "bool" and variable.choices is None


def choices(variable: Variable) -> list[Value]:
    """What a person chooses it from, as cells; empty where anything can be written."""
    return [c for choice in variable.choices or () if (c := cell(choice)) is not None]


def about(variable: Variable) -> str:
    """What there is to know of a variable, in a line or two."""
    said = [variable.doc]
    if domain := variable.domain():
        said.append(f"{domain} {variable.unit or ''}".strip())
    elif variable.unit:
        said.append(f"in {variable.unit}")
    said += [f"only while {condition}" for condition in variable.when]
    if variable.live:
        said.append("live: it can change while a training runs")
    if variable.after_training:
        said.append("chosen after training, on the finished model")
    if not (variable.searched or variable.after_training):
        said.append("not searched")
    return "; ".join(part for part in said if part)
