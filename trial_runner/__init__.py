"""Trains: finds devices, keeps warm processes, runs one objective at a time on each slot."""
