"""Where the broker is and who we are there: a URL, and a password that stands nowhere it is seen.

``amqp://user@host:5672/vhost`` or ``amqps://user@host:5671/vhost?cafile=ca.pem&certfile=me.pem&
keyfile=me.key``. The address comes from the command line, from a file or from the environment, in
this order; a password only from a file that nobody else can read or from the environment, because
every user of a machine sees the command lines on it.
"""

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import SplitResult, parse_qsl, quote, unquote, urlsplit

import msgspec

from schema.errors import BrokerError, WrongInput
from schema.secrets import Secret, private_text

URL_VARIABLE = "TRIALMQ_BROKER_URL"
PASSWORD_VARIABLE = "TRIALMQ_BROKER_PASSWORD"
DEFAULT_PORTS = {"amqp": 5672, "amqps": 5671}
CERTIFICATE_FILES = ("cafile", "certfile", "keyfile")
EXAMPLE = "amqp://user@host:5672/vhost"


class BrokerAddress(msgspec.Struct, frozen=True, kw_only=True):
    """A broker and one user of it.

    ``cafile`` holds the authority that signed the broker's certificate (the system's where it is
    empty), ``certfile`` and ``keyfile`` our own, for a broker that asks for one.
    """

    host: str
    port: int
    user: str
    password: Secret
    vhost: str = "/"
    tls: bool = False
    cafile: str = ""
    certfile: str = ""
    keyfile: str = ""

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        vhost = "" if self.vhost == "/" else "/" + quote(self.vhost, safe="")
        return f"{'amqps' if self.tls else 'amqp'}://{quote(self.user)}@{host}:{self.port}{vhost}"


def broker_address(
    url: str | None,
    environ: Mapping[str, str],
    *,
    file: Path | None = None,
    password_file: Path | None = None,
    option: str = "--broker",
    private: bool = False,
) -> BrokerAddress | None:
    """The broker that ``url`` (from the command line), ``file`` or the environment names.

    None when none of them names one. ``option`` is what ``url`` was given as; where nobody else
    sees it, it is ``private`` and may hold the password.

    Raises:
        BrokerError: the URL is none, has a password on the command line, or none can be found; or
            a file cannot be read, or could be read by others.
    """
    if url is not None:
        where, text = option, url
    elif file is not None:
        where, text, private = f"--broker-file {file}", _private_text(file), True
    elif environ.get(URL_VARIABLE):
        where, text, private = URL_VARIABLE, environ[URL_VARIABLE], True
    else:
        return None
    parts = _split(where, text)
    if parts.password and not private:
        raise BrokerError(
            f"{where}: a password on the command line can be seen by every user of this machine; "
            f"put it into {PASSWORD_VARIABLE}, or the whole URL into {URL_VARIABLE} or a "
            "--broker-file"
        )
    if parts.password:
        password = unquote(parts.password)
    elif password_file is not None:
        password = _private_text(password_file)
    else:
        password = environ.get(PASSWORD_VARIABLE, "")
    return _address(where, parts, password)


def _split(where: str, text: str) -> SplitResult:
    try:
        parts = urlsplit(text.strip())
        port = parts.port
    except ValueError:
        # without a cause: its message and its traceback would show the URL, and so the password
        raise BrokerError(f"{where}: this is no URL; write {EXAMPLE}") from None
    if parts.scheme not in DEFAULT_PORTS:
        raise BrokerError(f"{where}: a broker's URL begins with amqp:// or amqps://, as {EXAMPLE}")
    if not parts.hostname or port == 0:
        raise BrokerError(f"{where}: the URL names no host to connect to; write {EXAMPLE}")
    return parts


def _address(where: str, parts: SplitResult, password: str) -> BrokerAddress:
    tls = parts.scheme == "amqps"
    user = unquote(parts.username or "guest")
    files = dict(parse_qsl(parts.query, keep_blank_values=True))
    for name in files:
        if name not in CERTIFICATE_FILES:
            known = ", ".join(CERTIFICATE_FILES)
            raise BrokerError(f"{where}: a broker's URL takes {known}, and no {name!r}")
    if files and not tls:
        raise BrokerError(f"{where}: {next(iter(files))} is for TLS; write amqps://")
    if ("certfile" in files) != ("keyfile" in files):
        raise BrokerError(f"{where}: certfile and keyfile are given together or not at all")
    if not password and user != "guest":
        raise BrokerError(
            f"{where}: there is no password for the user {user!r}; put it into "
            f"{PASSWORD_VARIABLE} or a --broker-password-file"
        )
    return BrokerAddress(
        host=parts.hostname or "",
        port=parts.port or DEFAULT_PORTS[parts.scheme],
        user=user,
        password=Secret(password or "guest"),
        vhost=unquote(parts.path[1:]) or "/",
        tls=tls,
        **files,
    )


def _private_text(file: Path) -> str:
    try:
        return private_text(file)
    except WrongInput as error:
        raise BrokerError(str(error)) from error
