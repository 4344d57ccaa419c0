"""Studies as a whole: listed, compared, and made from the space of an objective. Pure."""
