"""One question a file, the peer measured beside us in the same run."""
