"""What one word means: the numbers of each pruner, for trials of a known or unknown length.

They were chosen by three searches of 40 wake-word trainings of 12 epochs that ran to their end,
sent through every pruner (`trialmq pruning replay`), and by searches that were pruned:

* Whoever judges from the second epoch on saves about half of the steps, and what is left of the
  three searches is at most 0.012 of F1 below their best.
* The first report decides badly (its rank correlates 0.72 with the last one, 0.81 and 0.84 those of
  the next two): searches that were pruned on it found 0.03 to 0.05 of F1 less. So no word lets it.
* A share of *complete* trials becomes ever harder to belong to, since only the best are completed:
  in one search nobody ever came into the best quarter of the first five. Rungs count everyone who
  came there, so successive halving is what studies have unless told otherwise.
* Searches that kept the best third, quarter or fifth of a rung differ in F1 by chance only (means
  of three or six searches 0.86 to 0.89, where one is 0.04 from the next); a sixth found 0.85, and
  trained no fewer steps: a sampler that learns brings trials that are better than those before.

Hence:

* conservative judges from a quarter of a trial on, needs much evidence, and keeps the better half;
* standard judges from an eighth on, and keeps of a rung what Optuna and Ray Tune keep where nothing
  is said: the best quarter, in a bracket of Hyperband the best third;
* aggressive judges from a twelfth on, needs little evidence, and keeps the best fifth, in a bracket
  of Hyperband the best quarter.

On a Pareto rank, conservative ends what eight finished trials dominate, standard what four do,
aggressive what two do. On constraints they ask for 20, 10 and 5 feasible trials at a step, so that
the error of a check is at most 1 in 21, 11 and 6.

Where the length of a trial is not known, twelve steps are assumed.
"""

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
    first_check = max(length // (4, 8, 12)[level], 1)
    checks: dict[str, Value] = {"n_warmup_steps": first_check, "interval_steps": 1}
    evidence: dict[str, Value] = {
        "n_startup_trials": (6, 4, 3)[level],
        **checks,
        "n_min_trials": (4, 3, 2)[level],
    }
    match pruner:
        case "median":
            return evidence
        case "percentile":
            return {"percentile": (50.0, 33.0, 25.0)[level], **evidence}
        case "threshold":
            return checks
        case "patient":
            return {"wrapped_pruner": "median", "patience": first_check, "min_delta": 0.0}
        case "successive_halving":
            return {
                "min_resource": first_check if steps else "auto",
                "reduction_factor": (2, 4, 5)[level],
                "bootstrap_count": 0,
                "min_early_stopping_rate": 0,
            }
        case "hyperband":
            maximum: dict[str, Value] = {"max_resource": steps} if steps else {}
            return {
                "min_resource": min(first_check, length),
                **maximum,
                "reduction_factor": (2, 3, 4)[level],
                "bootstrap_count": 0,
            }
        case "wilcoxon":
            return {
                "p_threshold": (0.02, 0.1, 0.2)[level],
                "n_startup_steps": max(first_check, 2),
            }
        case "pareto":
            return {
                "dominated_by": (8, 4, 2)[level],
                "n_startup_trials": (6, 4, 3)[level],
                **checks,
            }
        case "constraints":
            return {"n_min_trials": (20, 10, 5)[level], **checks}
    return {}
