"""The table of trials: what its columns and rows are, and the grid that shows them."""
