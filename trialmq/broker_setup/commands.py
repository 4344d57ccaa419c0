"""A plan as commands of rabbitmqctl, to be printed as a script or run one by one. Pure.

Each may be given twice: what is there already is set again or left alone. Secrets never stand on a
command line, where every user of the machine could see them, but on standard input.
"""

import json
import shlex
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import msgspec

from schema.brokers.address import Secret
from schema.identity import EXCHANGE
from trialmq.broker_setup.definitions import lasting_parts
from trialmq.broker_setup.plan import Plan, User


class Command(msgspec.Struct, frozen=True, kw_only=True):
    """One call of rabbitmqctl: its arguments, and what it reads."""

    arguments: tuple[str, ...]
    reads: str = ""


def rights_commands(plan: Plan) -> Iterator[Command]:
    """What follows once the virtual host and the users are there."""
    vhost = ("-p", plan.vhost)
    for user in plan.users:
        rights = user.rights
        patterns = (rights.configure, rights.write, rights.read)
        yield Command(arguments=("set_permissions", *vhost, user.name, *patterns))
        topics = (EXCHANGE, rights.topic_write, rights.topic_read)
        yield Command(arguments=("set_topic_permissions", *vhost, user.name, *topics))
        limits = json.dumps({"max-connections": user.connections})
        yield Command(arguments=("set_user_limits", user.name, limits))
    for policy in plan.policies:
        what = (policy.name, policy.pattern, json.dumps(policy.definition))
        yield Command(arguments=("set_policy", *vhost, "--apply-to", "queues", *what))
    yield Command(
        arguments=("import_definitions",), reads=json.dumps(lasting_parts(plan), indent=1)
    )


def script(
    plan: Plan,
    secrets: Mapping[str, Secret],
    files: Mapping[str, Path],
    rabbitmqctl: Sequence[str] = ("rabbitmqctl",),
) -> str:
    """A shell script that does everything; it reads a secret from its file where it has one."""
    lines = [_HEAD.format(vhost=shlex.quote(plan.vhost), rabbitmqctl=shlex.join(rabbitmqctl))]
    for user in plan.users:
        lines.append(_user(user, secrets[user.name], files.get(user.name)))
    for command in rights_commands(plan):
        line = f"ctl {shlex.join(command.arguments)}"
        lines.append(f"{line} <<'END'\n{command.reads}\nEND" if command.reads else line)
    return "\n".join(lines) + "\n"


def _user(user: User, secret: Secret, file: Path | None) -> str:
    name = shlex.quote(user.name)
    if file is not None:
        return f"user {name} < {shlex.quote(str(file))}  # {user.what}"
    return f"user {name} <<'END'  # {user.what}\n{secret.reveal()}\nEND"


_HEAD = """\
#!/bin/sh
# The broker of TrialMQ: run this on its machine, as a user that may call rabbitmqctl.
# It may run again: a user that exists keeps its secret, everything else is set as it stands here.
set -eu

ctl() {{ {rabbitmqctl} -q "$@"; }}

user() {{ # NAME, and its secret on standard input
    if ctl list_users --no-table-headers </dev/null | cut -f1 | grep -qxF -- "$1"; then
        echo "user $1 exists and keeps its secret"
    else
        ctl add_user "$1"
    fi
}}

ctl list_vhosts --no-table-headers </dev/null | grep -qxF -- {vhost} || ctl add_vhost {vhost}
"""
