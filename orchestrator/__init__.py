"""Decides and remembers: asks the sampler, grants leases, prunes, and stores every result."""
