"""What one word means: the numbers of each pruner, for trials of a known or unknown length.

The measurements behind *standard*: in 32 random trainings of 12 epochs the rank at epoch 3 already
correlates 0.84 with the last one (0.72 at epoch 1), and seven of the final best eight stand among
the best seven there; the eighth stood 23rd of 32 at epoch 6, a late riser. Hence:

* conservative judges from half of a trial on, needs much evidence, and ends only the clearly worst;
* standard judges from a quarter on, after six complete trials, and keeps about the better half;
* aggressive judges from an eighth on, after four complete trials, and keeps about the best third.

On a Pareto rank, conservative ends what eight finished trials dominate, standard what four do,
aggressive what two do. On constraints they ask for 20, 10 and 5 feasible trials at a step, so that
the error of a check is at most 1 in 21, 11 and 6.

Where the length of a trial is not known, twelve steps are assumed.
"""

from math import ceil

from orchestrator.pruning.parameters import Value
from schema.pruning import Aggressiveness

ASSUMED_STEPS = 12


def numbers_behind(
    pruner: str, aggressiveness: Aggressiveness, steps: int | None
) -> dict[str, Value]:
    """Every parameter of ``pruner`` that ``aggressiveness`` sets, for trials of ``steps`` steps.

    One of `RULES` may stand for the pruner. Two numbers are left to the user: the band of a
    threshold pruner, and the maximum of Hyperband where ``steps`` is not known. Nothing for "off"
    and for "nop".
    """
    if aggressiveness is Aggressiveness.OFF:
        return {}
    level = list(Aggressiveness).index(aggressiveness) - 1  # 0 conservative .. 2 aggressive
    length = steps or ASSUMED_STEPS
    first_check = ceil(length / (2, 4, 8)[level])
    checks: dict[str, Value] = {"n_warmup_steps": first_check, "interval_steps": 1}
    evidence: dict[str, Value] = {
        "n_startup_trials": (10, 6, 4)[level],
        **checks,
        "n_min_trials": (5, 3, 2)[level],
    }
    halving: dict[str, Value] = {"reduction_factor": (2, 3, 4)[level], "bootstrap_count": 0}
    match pruner:
        case "median":
            return evidence
        case "percentile":
            return {"percentile": (75.0, 50.0, 33.0)[level], **evidence}
        case "threshold":
            return checks
        case "patient":
            return {"wrapped_pruner": "median", "patience": first_check, "min_delta": 0.0}
        case "successive_halving":
            return {
                "min_resource": first_check if steps else "auto",
                **halving,
                "min_early_stopping_rate": 0,
            }
        case "hyperband":
            eager = max(length // (4, 8, 16)[level], 1)  # the first rung of the most eager bracket
            maximum: dict[str, Value] = {"max_resource": steps} if steps else {}
            return {"min_resource": min(eager, length), **maximum, **halving}
        case "wilcoxon":
            return {
                "p_threshold": (0.02, 0.1, 0.2)[level],
                "n_startup_steps": max(first_check, 2),
            }
        case "pareto":
            return {
                "dominated_by": (8, 4, 2)[level],
                "n_startup_trials": (10, 6, 4)[level],
                **checks,
            }
        case "constraints":
            return {"n_min_trials": (20, 10, 5)[level], **checks}
    return {}
