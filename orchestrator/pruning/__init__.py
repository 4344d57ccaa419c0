"""Decides from intermediate values which trials end early; pure, at a constant cost."""
