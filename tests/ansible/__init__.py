"""Playbooks and roles, as far as no host is needed for it."""
