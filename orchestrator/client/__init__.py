"""Everything that can be asked of a running orchestrator, as typed calls."""
