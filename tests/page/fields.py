"""Fields as a simulated user finds them."""

from typing import Any

from nicegui.elements.mixins.value_element import ValueElement
from nicegui.testing import User


def field(user: User, marker: str) -> ValueElement[Any]:
    """The field of this marker."""
    [found] = user.find(marker).elements
    assert isinstance(found, ValueElement)
    return found
