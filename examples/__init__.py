"""Workloads written as a user would write them."""
