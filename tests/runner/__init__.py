"""Tests of the trial runner."""
