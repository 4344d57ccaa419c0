"""Tests of the floor that every process shares."""
