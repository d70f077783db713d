"""The playbooks, proven on booted hosts; needs root."""
