"""What each number of a pruner does, in a phrase for people who choose it."""

PHRASES = {
    "n_startup_trials": "complete trials that are needed before any is ended",
    "n_warmup_steps": "the first step at which a trial can be ended",
    "interval_steps": "steps from one check to the next",
    "n_min_trials": "complete trials that a step needs to be judged",
    "percentile": "keep a trial while it is among the best so many per cent",
    "lower": "end a trial that reports less",
    "upper": "end a trial that reports more",
    "wrapped_pruner": "who judges a trial that has stopped getting better",
    "patience": "steps without a better value that are forgiven",
    "min_delta": "how much better the value has to get to count as better",
    "min_resource": "the step of the first rung; auto: learnt from a complete trial",
    "max_resource": "the steps of a full trial; auto: learnt from a complete trial",
    "reduction_factor": "one in so many trials of a rung goes on",
    "min_early_stopping_rate": "rungs that are skipped at the start",
    "bootstrap_count": "trials that a rung must hold before it lets one pass",
    "p_threshold": "end a trial that is worse than the best with a smaller p-value",
    "n_startup_steps": "steps in common with the best trial before the first test",
    "dominated_by": "end a trial that so many finished trials beat in every metric",
}
