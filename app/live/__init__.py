"""Runs the rules: hub, keeper, ledger."""
