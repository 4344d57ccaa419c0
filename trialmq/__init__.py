"""TrialMQ: hyper-parameter search for torch, on one machine or many.

    import trialmq as tq

The names below are all that a user's code needs. Importing them loads none of torch, optuna, the
page or a broker.
"""

from schema.configuration import Config, Group
from schema.errors import TrialMQError, WrongInput
from schema.markers import AfterTraining, Doc, Fixed, Live, OneOf, Range, When
from trial_runner.objective import objective
from trial_runner.trial import Pruned, Trial

__all__ = [
    "AfterTraining",
    "Config",
    "Doc",
    "Fixed",
    "Group",
    "Live",
    "OneOf",
    "Pruned",
    "Range",
    "Trial",
    "TrialMQError",
    "When",
    "WrongInput",
    "objective",
]
