"""Tests of the gateway: who is let in, what a client may do, and the same over real processes."""
