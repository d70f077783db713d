"""Checks of a deployment: what else an angry customer would tell."""
