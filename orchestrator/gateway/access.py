"""Who may speak to a service over http: pure ASGI, around http and websocket alike.

With a token: it comes as ``Authorization: Bearer …`` or, from a browser, once as ``?token=…`` and
then as a cookie that no script can read and no other site can send. Without one the service is for
this machine alone, so a request has to name it as such: a page elsewhere whose name was made to
lead here (DNS rebinding) names itself. Whoever comes from another page's ``Origin`` is refused.
"""

import hmac
import html
from ipaddress import ip_address
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import cookie_parser
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from schema.secrets import Secret

TOKEN_NEEDED = (
    "This needs a token. In a browser, open the address with ?token=… behind it; "
    "a program sends it as: Authorization: Bearer …\n"
)
ONLY_HERE = "Without a token this service is for its own machine alone: open it as localhost.\n"
FOREIGN = "This was asked for by the page of another site.\n"

ON_EVERYTHING = {
    "content-security-policy": "frame-ancestors 'self'",
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
}


class Access:
    """Lets requests through to ``app`` that have the token; ``None`` asks for none."""

    def __init__(self, app: ASGIApp, token: Secret | None) -> None:
        self._app = app
        self._token = b"" if token is None else token.reveal().encode()
        self._cookie = hmac.digest(self._token, b"trialmq cookie", "sha256").hex().encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
        elif (refusal := self._refusal(scope)) is not None:
            await refusal(scope, receive, send)
        else:
            await self._app(scope, receive, _guarded(send))

    def _refusal(self, scope: Scope) -> Response | None:
        """What is answered instead of what was asked for."""
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if not self._token and not names_this_machine(host):
            return PlainTextResponse(ONLY_HERE, 403)
        origin = headers.get("origin")
        if origin is not None and urlsplit(origin).netloc.lower() != host.lower():
            return PlainTextResponse(FOREIGN, 403)
        if not self._token:
            return None
        shown = scope["type"] == "http" and scope["method"] == "GET"
        if shown and self._is_token(_asked(scope).get("token", "")):
            return self._logged_in(scope, host)
        if self._is_known(headers, host):
            return None
        return PlainTextResponse(TOKEN_NEEDED, 401, {"www-authenticate": "Bearer"})

    def _is_known(self, headers: Headers, host: str) -> bool:
        kind, _, given = headers.get("authorization", "").partition(" ")
        if kind.lower() == "bearer":
            return self._is_token(given.strip())
        cookie = cookie_parser(headers.get("cookie", "")).get(_cookie_name(host), "")
        return hmac.compare_digest(cookie.encode(), self._cookie)

    def _is_token(self, given: str) -> bool:
        return hmac.compare_digest(given.encode("utf-8", "surrogatepass"), self._token)

    def _logged_in(self, scope: Scope, host: str) -> Response:
        """Sets the cookie and goes to the same address without the token.

        That is a page and no redirection: after a click in a mail or a chat a browser would follow
        a redirection as that site's, and keep the cookie to itself.
        """
        rest = [(name, value) for name, value in _asked(scope).items() if name != "token"]
        path = quote("/" + scope["path"].lstrip("/"))  # "//…" would be another host
        address = html.escape(f"{path}?{urlencode(rest)}" if rest else path)
        response = HTMLResponse(
            f'<!doctype html><meta http-equiv="refresh" content="0; url={address}">',
            headers={"cache-control": "no-store", "referrer-policy": "no-referrer"},
        )
        response.set_cookie(
            _cookie_name(host),
            self._cookie.decode(),
            httponly=True,
            samesite="strict",
            secure=scope["scheme"] == "https",
        )
        return response


def names_this_machine(host: str) -> bool:
    """Does a ``Host`` header, or a host with or without its port, name the machine itself?"""
    try:
        name = urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return False
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False


def _asked(scope: Scope) -> dict[str, str]:
    return dict(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True))


def _cookie_name(host: str) -> str:
    """Of this port: browsers send the cookies of a host to all of its ports."""
    try:
        return f"trialmq-{urlsplit(f'//{host}').port or 80}"
    except ValueError:
        return "trialmq"


def _guarded(send: Send) -> Send:
    """Adds what keeps other sites from showing our pages inside of theirs."""

    async def guarded(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope={"headers": message.setdefault("headers", [])})
            for name, value in ON_EVERYTHING.items():
                headers.setdefault(name, value)
            message["headers"] = headers.raw
        await send(message)

    return guarded
