"""From an address to a broker: the member is chosen, and its library loaded, only here."""

from schema.broker import Broker
from schema.brokers.address import BrokerAddress
from schema.errors import BrokerError


def connect(address: BrokerAddress, party: str, *, patient: bool = False) -> Broker:
    """The connection of ``party`` to the broker at ``address``; it connects on entering.

    ``patient``: a broker that cannot be reached, or refuses, is logged and tried again until it
    is there, where otherwise entering raises `BrokerError` within ten seconds.

    Raises:
        BrokerError: what this broker needs is not installed.
    """
    try:
        from schema.brokers.rabbitmq import RabbitMQBroker
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] not in {"aio_pika", "aiormq"}:
            raise
        raise BrokerError(
            f"{address} needs a library that is not installed; run: pip install 'trialmq[amqp]'"
        ) from error
    return RabbitMQBroker(address, party, patient=patient)
