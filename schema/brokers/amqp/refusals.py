"""The sentences for a broker that cannot be used: what is wrong, and what would be right. Pure."""

import socket
import ssl

from schema.brokers.address import PASSWORD_VARIABLE, BrokerAddress
from schema.errors import BrokerError
from schema.identity import Queue

OLDEST = (3, 10)
"""The first version whose quorum queues do what is asked of an inbox."""

NOT_ALLOWED = 530  # AMQP's code for a virtual host that cannot be entered
EXPIRED = 10  # X509_V_ERR_CERT_HAS_EXPIRED
WRONG_NAME = {62, 64}  # X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH


def unreachable(address: BrokerAddress, error: BaseException, seconds: float) -> BrokerError:
    """No connection came about, for the reason in ``error`` or in what caused it."""
    return BrokerError(f"broker {address}: {_reason(address, _root(error), seconds)}")


def _root(error: BaseException) -> BaseException:
    """The operating system's own error, where one lies beneath."""
    while not isinstance(error, (ssl.SSLError, socket.gaierror, TimeoutError)) and error.__cause__:
        error = error.__cause__
    return error


def _reason(address: BrokerAddress, error: BaseException, seconds: float) -> str:
    match error:
        case ssl.SSLCertVerificationError(verify_code=code):
            return _untrusted(address, code, error.verify_message)
        case ssl.SSLError(reason="WRONG_VERSION_NUMBER" | "RECORD_LAYER_FAILURE"):
            return f"port {address.port} does not speak TLS; write amqp:// or the port for TLS"
        case ssl.SSLError(reason=reason) if "ALERT" in (reason or ""):
            return (
                f"it refused our TLS certificate ({(reason or '').lower().replace('_', ' ')}); "
                "add ?certfile=…&keyfile=… signed by an authority that it trusts"
            )
        case ssl.SSLError():
            return f"TLS failed: {error.reason or error}"
        case socket.gaierror():
            return f"there is no host {address.host!r}; check its name in the URL"
        case TimeoutError():
            return f"no answer within {seconds:g} seconds; check host, port and firewall in between"
        case ConnectionRefusedError():
            return (
                f"nothing listens on port {address.port} of {address.host!r}; "
                "check the port, and that the broker runs"
            )
        case _ if address.tls:
            return "it closed the connection; does it ask for a certificate (certfile, keyfile)?"
        case _:
            return (
                f"port {address.port} did not answer as an AMQP broker does; "
                "if it speaks TLS, write amqps://"
            )


def _untrusted(address: BrokerAddress, code: int, message: str) -> str:
    if code == EXPIRED:
        return "its TLS certificate has expired; have it renewed"
    if code in WRONG_NAME:
        return f"its TLS certificate is not for {address.host!r}; use the name that it is for"
    return f"its TLS certificate is not trusted ({message}); name the authority with ?cafile=ca.pem"


def closed(address: BrokerAddress) -> BrokerError:
    """We closed it ourselves."""
    return BrokerError(f"broker {address}: this connection was closed; open another one")


def unusable_certificate(address: BrokerAddress, error: OSError) -> BrokerError:
    """``cafile``, ``certfile`` or ``keyfile`` cannot be loaded."""
    files = [f for f in (address.cafile, address.certfile, address.keyfile) if f]
    return BrokerError(f"broker {address}: cannot use {' and '.join(files)}: {error}")


def wrong_password(address: BrokerAddress) -> BrokerError:
    """The broker does not know this user with this password."""
    return BrokerError(
        f"broker {address}: it does not accept this password for the user {address.user!r}; "
        f"check the user in the URL and {PASSWORD_VARIABLE}"
    )


def ended_greeting(address: BrokerAddress, code: int, text: str) -> BrokerError:
    """The broker ended the greeting itself: the virtual host is missing, closed to us, or more."""
    if code != NOT_ALLOWED:
        return BrokerError(f"broker {address}: it refused the connection: {text}")
    if "not found" in text:
        cure = f"it does not exist; create it: rabbitmqctl add_vhost {address.vhost}"
    elif "access to vhost" in text:
        cure = (
            f"user {address.user!r} may not enter it; grant it: rabbitmqctl set_permissions "
            f"-p {address.vhost} {address.user} CONFIGURE WRITE READ"
        )
    else:
        cure = text
    return BrokerError(f"broker {address}: virtual host {address.vhost!r}: {cure}")


def too_old(address: BrokerAddress, product: str, version: str) -> BrokerError | None:
    """A refusal where this is a RabbitMQ of before `OLDEST`."""
    numbers = tuple(int(part) for part in version.split(".")[:2] if part.isdigit())
    if product != "RabbitMQ" or len(numbers) < 2 or numbers >= OLDEST:
        return None
    oldest = ".".join(map(str, OLDEST))
    return BrokerError(f"broker {address}: it is RabbitMQ {version}; {oldest} or newer is needed")


def forbidden(
    address: BrokerAddress, permission: str, queue: Queue, key: str, text: str
) -> BrokerError:
    """This user lacks ``permission`` (configure, write or read)."""
    topic = f", and for the key {key!r} by set_topic_permissions" if key else ""
    return BrokerError(
        f"broker {address}: user {address.user!r} lacks the {permission} permission for the queue "
        f"{queue.name!r}; grant it by rabbitmqctl set_permissions -p {address.vhost}{topic} "
        f"({text})"
    )


def declared_otherwise(address: BrokerAddress, queue: Queue, text: str) -> BrokerError:
    """The queue exists with other arguments."""
    return BrokerError(
        f"broker {address}: queue {queue.name!r} was made with other properties; once it is "
        f"drained delete it: rabbitmqctl delete_queue -p {address.vhost} {queue.name} ({text})"
    )
