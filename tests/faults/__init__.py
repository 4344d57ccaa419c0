"""Faults are injected into real sweeps of real processes."""
