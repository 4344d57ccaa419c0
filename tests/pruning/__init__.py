"""Tests of the incremental pruners: Optuna's decisions, at a cost that does not grow."""
