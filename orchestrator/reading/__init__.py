"""What is stored, as it is read: results, sums, what another pruner had done, verification."""
