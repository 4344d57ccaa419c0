"""Where a service is, for clients over http: a URL, and a token that stands nowhere it is seen.

``ws://host:port`` or, over TLS, ``wss://host:port``; ``http://`` and ``https://`` mean the same, so
that the address of the page can be given. A token comes from a file that nobody else can read or
from the environment, because every user of a machine sees the command lines on it; in a URL it may
only be where nobody else sees that: ``ws://host:port?token=…``.
"""

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import SplitResult, parse_qsl, urlsplit

import msgspec

from schema.errors import GatewayError
from schema.secrets import Secret, private_text

TOKEN_VARIABLE = "TRIALMQ_TOKEN"
SCHEMES = {"ws": "ws", "wss": "wss", "http": "ws", "https": "wss"}
EXAMPLE = "ws://host:8484"


class GatewayAddress(msgspec.Struct, frozen=True, kw_only=True):
    """A service and the token that it wants, if it wants one.

    ``cafile`` holds the authority that signed its certificate; the system's where it is empty.
    """

    url: str
    token: Secret | None = None
    cafile: str = ""

    def __str__(self) -> str:
        return self.url

    @property
    def host(self) -> str:
        """Its name or number."""
        return urlsplit(self.url).hostname or ""

    @property
    def tls(self) -> bool:
        """Is the connection encrypted?"""
        return self.url.startswith("wss:")


def is_gateway(url: str) -> bool:
    """Does this URL name a service by ``ws://`` or one of the like?"""
    return url.strip().partition("://")[0].lower() in SCHEMES


def gateway_address(
    url: str,
    environ: Mapping[str, str],
    *,
    token: str | None = None,
    token_file: Path | None = None,
    option: str = "--connect",
    private: bool = False,
) -> GatewayAddress:
    """The service at ``url``, with the token that is given, in the URL, a file or the environment.

    ``option`` is what ``url`` was given as; where nobody else sees it, it is ``private`` and may
    hold the token.

    Raises:
        GatewayError: the URL is none, has a token on the command line, or the token cannot be one.
        WrongInput: the file cannot be read, or could be read by others.
    """
    parts = _split(option, url)
    asked = dict(parse_qsl(parts.query, keep_blank_values=True))
    if "token" in asked and not private:
        raise GatewayError(
            f"{option}: a token on the command line can be seen by every user of this machine; put "
            f"it into a --token-file, or into {TOKEN_VARIABLE}"
        )
    if unknown := asked.keys() - {"token", "cafile"}:
        raise GatewayError(f"{option}: the URL takes token and cafile, and no {min(unknown)!r}")
    secure = SCHEMES[parts.scheme] == "wss"
    if "cafile" in asked and not secure:
        raise GatewayError(f"{option}: cafile is for TLS; write wss://")
    secret = read_token(environ, token=token or asked.get("token"), token_file=token_file)
    return GatewayAddress(
        url=f"{SCHEMES[parts.scheme]}://{parts.netloc}{parts.path.rstrip('/')}",
        token=secret,
        cafile=asked.get("cafile", ""),
    )


def read_token(
    environ: Mapping[str, str], *, token: str | None = None, token_file: Path | None = None
) -> Secret | None:
    """The token that is given, that of the file, or that of the environment; ``None`` without one.

    Raises:
        GatewayError: it cannot be one.
        WrongInput: the file cannot be read, or could be read by others.
    """
    if token is None:
        token = private_text(token_file) if token_file else environ.get(TOKEN_VARIABLE)
    if not token:
        return None
    if not token.isascii() or not token.isprintable() or " " in token:
        raise GatewayError("a token consists of printable characters without spaces")
    return Secret(token)


def _split(option: str, url: str) -> SplitResult:
    try:
        parts = urlsplit(url.strip())
        port = parts.port
    except ValueError:
        # without a cause: its message and its traceback would show the URL, and so the token
        raise GatewayError(f"{option}: this is no URL; write {EXAMPLE}") from None
    if parts.scheme not in SCHEMES or not parts.hostname or port == 0:
        raise GatewayError(f"{option}: this names no service; write {EXAMPLE}")
    if parts.username is not None:
        raise GatewayError(f"{option}: a service has no users, it has a token; write {EXAMPLE}")
    return parts
