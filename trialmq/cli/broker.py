"""``trialmq broker init``: users, least permissions and queues at a RabbitMQ broker.

A script for ``rabbitmqctl`` is printed, or a definitions file, or everything is done at once. Each
user gets a secret that is shown this once, or lies in a file that only its owner can read.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import App, Parameter

from schema.errors import WrongInput
from schema.identity import ORCHESTRATOR
from trialmq.cli.options import ALWAYS, Always

if TYPE_CHECKING:
    from trialmq.broker_setup.plan import Plan
    from trialmq.broker_setup.secrets import Secrets

Names = Annotated[tuple[str, ...], Parameter(metavar="NAME", negative="", show_default=False)]
Flag = Annotated[bool, Parameter(negative="", show_default=False)]


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class InitOptions:
    """Options of ``trialmq broker init``."""

    runner: Names = ()
    """A runner that gets a user. May be repeated."""

    client: Names = ()
    """A client that gets a user. May be repeated."""

    orchestrator: Annotated[str, Parameter(metavar="NAME")] = ORCHESTRATOR
    """The orchestrator that they all belong to."""

    user: Annotated[str, Parameter(metavar="NAME")] = "orchestrator"
    """The orchestrator's own user."""

    vhost: Annotated[str, Parameter(metavar="NAME")] = "trialmq"
    """The virtual host."""

    format: Literal["script", "definitions"] = "script"
    """Lines for a shell, or JSON for load_definitions in rabbitmq.conf."""

    apply: Flag = False
    """Do it now, at the broker of this machine."""

    rabbitmqctl: Annotated[str, Parameter(metavar="PATH")] = "rabbitmqctl"
    """The program that does it."""

    node: Annotated[str | None, Parameter(metavar="NAME")] = None
    """The broker's node, where it is not the usual one of this machine."""

    secrets_dir: Annotated[Path | None, Parameter(metavar="DIR")] = None
    """Keep each secret in DIR/USER.secret, and use the ones that are there."""

    new_secrets: Flag = False
    """With --apply: users that exist get a new secret too."""

    @property
    def program(self) -> list[str]:
        """How rabbitmqctl is called."""
        return [self.rabbitmqctl, *(["-n", self.node] if self.node else [])]


DEFAULTS = InitOptions()


def broker_application(sort_key: int) -> App:
    """The commands ``trialmq broker …``, at their place among the others."""
    app = App(name="broker", help="Set up a RabbitMQ broker.", sort_key=sort_key)
    app.command(init)
    return app


def init(*, options: InitOptions = DEFAULTS, common: Always = ALWAYS) -> None:
    """Make the users, permissions and queues that TrialMQ needs.

    Without --apply it prints what to run. It may be repeated, with more
    runners and clients: a user that exists keeps its secret.
    """
    from trialmq.broker_setup.plan import broker_plan
    from trialmq.broker_setup.secrets import Secrets

    if options.apply and options.format != "script":
        raise WrongInput("--apply does it at once; leave --format out")
    if options.new_secrets and not options.apply:
        raise WrongInput("--new-secrets needs --apply: only the broker knows which users it has")
    plan = broker_plan(
        runners=options.runner,
        clients=options.client,
        orchestrator=options.orchestrator,
        vhost=options.vhost,
        user=options.user,
    )
    secrets = Secrets(options.secrets_dir)
    if options.apply:
        _apply(plan, secrets, options)
    elif options.format == "definitions":
        _print_definitions(plan, secrets)
    else:
        _print_script(plan, secrets, options.program)


def _apply(plan: "Plan", secrets: "Secrets", options: InitOptions) -> None:
    from trialmq.broker_setup.rabbitmqctl import Rabbitmqctl

    rabbitmqctl = Rabbitmqctl(options.program)
    existing = set() if options.new_secrets else rabbitmqctl.users()
    named = [user.name for user in plan.users if user.name not in existing]
    drawn = secrets.draw(named, renew=options.new_secrets)
    files = secrets.keep(drawn)  # first, so that no user has a secret that nobody knows
    rabbitmqctl.apply(plan, drawn)
    print(f"virtual host {plan.vhost!r} is ready for the orchestrator {plan.orchestrator!r}")
    for user in plan.users:
        if user.name not in drawn:
            secret = "keeps its secret"
        elif user.name in files:
            secret = f"secret in {files[user.name]}"
        else:
            secret = f"secret {drawn[user.name].reveal()}   (shown this once)"
        print(f"  {user.what.split()[-1]:12}  {user.name:20}  {secret}")
    for line in next_commands(plan):
        print(line)


def _print_definitions(plan: "Plan", secrets: "Secrets") -> None:
    import json

    from trialmq.broker_setup.definitions import definitions

    names = [user.name for user in plan.users]
    drawn = secrets.draw(names)
    files = secrets.keep(drawn)
    print(json.dumps(definitions(plan, drawn), indent=2))
    for name in names:
        where = (
            f"in {files[name]}" if name in files else f"{drawn[name].reveal()}  (shown this once)"
        )
        print(f"secret of {name}: {where}", file=sys.stderr)


def _print_script(plan: "Plan", secrets: "Secrets", program: Sequence[str]) -> None:
    from trialmq.broker_setup.script import script

    drawn = secrets.draw([user.name for user in plan.users])
    files = secrets.keep(drawn)
    print(script(plan, drawn, files, program), end="")
    for line in next_commands(plan):
        print(f"# {line}")


def next_commands(plan: "Plan") -> list[str]:
    """How the processes are started then, one example of each."""
    lines = ["", "then, each on its machine, with its own secret:"]
    shown: set[str] = set()
    for user in plan.users:
        if user.what in shown:
            continue
        shown.add(user.what)
        address = f"--broker amqp://{user.name}@HOST/{plan.vhost} --broker-password-file FILE"
        lines.append(f"  trialmq doctor {address}  # {user.what}")
    return lines
