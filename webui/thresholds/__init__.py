"""The threshold explorer: other decisions on stored scores, judged at once, without a model."""
