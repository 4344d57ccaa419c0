"""The settings of a study: what changes them, what each level means, what was changed. Pure."""
