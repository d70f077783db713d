"""One module a step, the newest last."""
