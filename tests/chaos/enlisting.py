"""A user of the broker with exactly the rights that TrialMQ's own plan gives a runner."""

from schema.identity import EXCHANGE
from tests.rabbitmq_node import RabbitMQNode
from trialmq.broker_setup.plan import broker_plan


def enlist(node: RabbitMQNode, runner: str, orchestrator: str) -> str:
    """The name of the new user, which is also its password; blocks for seconds."""
    [rights] = [
        user.rights
        for user in broker_plan(runners=(runner,), orchestrator=orchestrator).users
        if user.name == runner
    ]
    user = f"{orchestrator}-{runner}"
    node.ctl("add_user", user, user)
    node.ctl("set_permissions", user, rights.configure, rights.write, rights.read)
    node.ctl("set_topic_permissions", user, EXCHANGE, rights.topic_write, rights.topic_read)
    return user
