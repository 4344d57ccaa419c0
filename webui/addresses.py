"""Where each page is: the addresses, built in one place. Pure."""

from urllib.parse import urlencode

STUDIES, RUNNERS, PROFILES, LOG = "/", "/runners", "/profiles", "/log"
NEW_STUDY = "/new"


def study(name: str) -> str:
    """How a study goes: charts and numbers."""
    return f"/study/{name}"


def trials(name: str) -> str:
    """Its trials as a table."""
    return f"/study/{name}/trials"


def settings(name: str) -> str:
    """What can be changed of it while it runs."""
    return f"/study/{name}/settings"


def session(name: str) -> str:
    """A training for real."""
    return f"/session/{name}"


def new_study(
    *, objective: str = "", like: str = "", go_on: bool = False, profile: str = ""
) -> str:
    """The form of a new study: of an objective, from a profile, with what another study has, or to
    let that one go on."""
    going_on = "yes" if go_on else ""
    asked = {"objective": objective, "like": like, "go_on": going_on, "profile": profile}
    query = urlencode({key: value for key, value in asked.items() if value})
    return f"{NEW_STUDY}?{query}" if query else NEW_STUDY


def comparison(left: str, right: str) -> str:
    """Two studies side by side."""
    return f"/compare/{left}/{right}"


def rows(name: str) -> str:
    """The rows of the table of trials, as JSON."""
    return f"/api/studies/{name}/rows"


def named_in(path: str) -> str:
    """The study or session that an address is about; empty where it is about none."""
    parts = path.partition("?")[0].strip("/").split("/")
    return parts[1] if len(parts) > 1 and parts[0] in ("study", "session") else ""
