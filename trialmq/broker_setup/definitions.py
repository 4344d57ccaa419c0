"""A plan as definitions of RabbitMQ: a file for ``load_definitions``, or for an import. Pure.

Importing them twice changes nothing. Passwords stand there as salted hashes, so they tell nobody a
secret; whoever may change such a file may do anything, though.
"""

import base64
import hashlib
import os
from collections.abc import Callable, Mapping
from typing import Any

from schema.brokers.amqp import topology
from schema.identity import EXCHANGE
from schema.secrets import Secret
from trialmq.broker_setup.plan import Plan, User

SALT_BYTES = 4
"""As RabbitMQ has it; its hash is base64 of the salt and SHA-256 of salt and password."""


def definitions(
    plan: Plan, secrets: Mapping[str, Secret], salt: Callable[[int], bytes] = os.urandom
) -> dict[str, Any]:
    """Everything of a plan, but for users that ``secrets`` leaves out: they keep theirs.

    ``salt`` makes so many random bytes.
    """
    vhost = plan.vhost
    named = [user for user in plan.users if user.name in secrets]
    return {
        "users": [_user(user, secrets[user.name], salt(SALT_BYTES)) for user in named],
        "vhosts": [{"name": vhost}],
        "permissions": [_permissions(vhost, user) for user in plan.users],
        "topic_permissions": [_topic_permissions(vhost, user) for user in plan.users],
        "policies": [
            {
                "vhost": vhost,
                "name": policy.name,
                "pattern": policy.pattern,
                "apply-to": "queues",
                "definition": policy.definition,
                "priority": 0,
            }
            for policy in plan.policies
        ],
        "exchanges": [
            {
                "vhost": vhost,
                "name": EXCHANGE,
                "type": "topic",
                "durable": True,
                "auto_delete": False,
                "internal": False,
                "arguments": {},
            }
        ],
        "queues": [
            {
                "vhost": vhost,
                "name": inbox.name,
                "durable": True,
                "auto_delete": False,
                "arguments": topology.arguments(inbox),
            }
            for inbox in plan.inboxes
        ],
        "bindings": [
            {
                "vhost": vhost,
                "source": EXCHANGE,
                "destination": inbox.name,
                "destination_type": "queue",
                "routing_key": topology.binding(inbox),
                "arguments": {},
            }
            for inbox in plan.inboxes
        ],
    }


def password_hash(secret: Secret, salt: bytes) -> str:
    """As ``rabbit_password_hashing_sha256`` makes it."""
    digest = hashlib.sha256(salt + secret.reveal().encode()).digest()
    return base64.b64encode(salt + digest).decode()


def _user(user: User, secret: Secret, salt: bytes) -> dict[str, Any]:
    return {
        "name": user.name,
        "password_hash": password_hash(secret, salt),
        "hashing_algorithm": "rabbit_password_hashing_sha256",
        "tags": [],
        "limits": {"max-connections": user.connections},
    }


def _permissions(vhost: str, user: User) -> dict[str, str]:
    rights = user.rights
    return {
        "user": user.name,
        "vhost": vhost,
        "configure": rights.configure,
        "write": rights.write,
        "read": rights.read,
    }


def _topic_permissions(vhost: str, user: User) -> dict[str, str]:
    return {
        "user": user.name,
        "vhost": vhost,
        "exchange": EXCHANGE,
        "write": user.rights.topic_write,
        "read": user.rights.topic_read,
    }
