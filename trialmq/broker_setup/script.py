"""A plan as a shell script for ``rabbitmqctl``, to be read first and then run. Pure.

It may run again: users that exist keep their secrets, everything else is set as it stands there.
Secrets never stand on a command line, where every user of the machine could see them, but on
standard input.
"""

import json
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

from schema.secrets import Secret
from trialmq.broker_setup.definitions import definitions
from trialmq.broker_setup.plan import Plan, User


def script(
    plan: Plan,
    secrets: Mapping[str, Secret],
    files: Mapping[str, Path],
    rabbitmqctl: Sequence[str] = ("rabbitmqctl",),
) -> str:
    """The script; a secret is read from its file where it has one, and else stands in the text."""
    users = "\n".join(_user(user, secrets[user.name], files.get(user.name)) for user in plan.users)
    rest = json.dumps(definitions(plan, {}), indent=1)
    return f"""\
#!/bin/sh
# The broker of TrialMQ: run this on its machine, as a user that may call rabbitmqctl.
# It may run again: a user that exists keeps its secret, everything else is set as it stands here.
set -eu

ctl() {{ {shlex.join(rabbitmqctl)} -q "$@"; }}

existing=$(ctl list_users --no-table-headers </dev/null | cut -f1)

user() {{ # NAME CONNECTIONS, and its secret on standard input
    if printf '%s\\n' "$existing" | grep -qxF -- "$1"; then
        echo "user $1 exists and keeps its secret"
    else
        ctl add_user "$1"
        ctl set_user_limits "$1" "{{\\"max-connections\\": $2}}" </dev/null
    fi
}}

{users}

ctl import_definitions <<'END'
{rest}
END
"""


def _user(user: User, secret: Secret, file: Path | None) -> str:
    call = f"user {shlex.quote(user.name)} {user.connections}"
    if file is not None:
        return f"{call} < {shlex.quote(str(file))}  # {user.what}"
    return f"{call} <<'END'  # {user.what}\n{secret.reveal()}\nEND"
