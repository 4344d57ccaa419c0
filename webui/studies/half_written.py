"""Forms that were not sent yet, kept on the server: a reload, or another tab, goes on with them."""

from collections import OrderedDict
from collections.abc import Callable

from webui.studies.creating import Form

MOST = 200


class HalfWritten:
    """Forms by the id that stands in the address, the latest `MOST` of them."""

    def __init__(self) -> None:
        self._forms: OrderedDict[str, Form] = OrderedDict()

    def form(self, key: str, make: Callable[[], Form]) -> Form:
        """The form of this key; made where there is none."""
        if key not in self._forms:
            self._forms[key] = make()
            while len(self._forms) > MOST:
                self._forms.popitem(last=False)
        self._forms.move_to_end(key)
        return self._forms[key]

    def drop(self, key: str) -> None:
        """It was sent, or is begun anew."""
        self._forms.pop(key, None)
