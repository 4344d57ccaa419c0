"""What one pruning decision costs beside Optuna's, and whether the two are the same.

For every pruner and every size of history: so many complete trials of twenty steps are given to
Optuna (in memory) and to ours, then further trials report step by step to both. Measured is one
report together with its decision, as the median over all of them; how long ours takes to insert a
finished trial, per value; the memory that ours keeps, per value; and in how many of the decisions
the two differ. For the rung pruners the history is one in which every trial climbed as far as it
could, and the mean is shown beside the median, since only the steps on a rung cost Optuna anything.

    python -m benchmarks.pruning [--trials 100,1000,10000] [--full] [--json FILE]

``--full`` adds 50,000 trials, which takes Optuna some minutes.
"""
