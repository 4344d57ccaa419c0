"""The rows of the matrix, a file for each kind of nemesis; every file here is loaded."""
