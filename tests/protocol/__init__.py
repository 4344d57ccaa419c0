"""The protocol between orchestrator and runners, under every fault that a network has."""
