"""Runs a playbook's tasks in one Python that stays on each host: about twice as fast.

Where Mitogen is not installed (see ``requirements/deploy.in``), this is Ansible's own
strategy, task by task.
"""

try:
    from ansible_mitogen.plugins.strategy.mitogen_linear import StrategyModule
except ImportError:
    from ansible.plugins.strategy.linear import StrategyModule


__all__ = ["StrategyModule"]
