"""What the server of the page knows of studies and of the service: once, for all tabs."""
