"""``trialmq serve``: the orchestrator of a fleet, until Ctrl-C."""

import asyncio
import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from schema.identity import ORCHESTRATOR
from trialmq.cli.listen_options import LISTEN, ListenOptions, listen_choices
from trialmq.cli.log import LogFormat, configure_log
from trialmq.cli.options import BROKER, COMMON, BrokerOptions, Common, joined_address
from trialmq.installed import installed_version

Flag = Annotated[bool, Parameter(negative="", show_default=False)]


def serve(
    *,
    broker: BrokerOptions = BROKER,
    listening: ListenOptions = LISTEN,
    token_file: Annotated[Path | None, Parameter(metavar="FILE", show_default=False)] = None,
    name: Annotated[str, Parameter(metavar="NAME")] = ORCHESTRATOR,
    standby: Flag = False,
    log_format: LogFormat = LogFormat.TEXT,
    quiet: Flag = False,
    common: Common = COMMON,
) -> int:
    """Serve studies to runners and clients over a broker.

    Everything is kept in a database as it happens. However this ends, by
    Ctrl-C, kill -9 or a power failure, runners train on, and the next one on
    the same database goes on where it was.

    Args:
        token_file: With the token that clients need, and that only its owner can read
        name: Tells orchestrators on one broker apart
        standby: Wait while another one has the database, and take over when it dies
        log_format: text for people, json for machines
        quiet: Log nothing but warnings
    """
    from trialmq.serving import ServeChoices, serve

    configure_log(format=log_format, quiet=quiet, debug=common.debug)
    choices = ServeChoices(
        address=joined_address(broker),
        database=common.db,
        name=name,
        standby=standby,
        version=installed_version(),
        listen=listen_choices(listening, token_file),
    )
    asyncio.run(serve(choices))
    print("trialmq: ended; runners train on, and nothing is lost", file=sys.stderr)
    return 130
