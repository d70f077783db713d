"""Networks of all kinds on one machine, with the whole product and browsers in them.

Everything stands in network namespaces named after this process: several runs can go
on at once, and what a killed run left, the next takes away.
"""
