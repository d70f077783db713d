"""An internet on one machine: hosts that boot, names, an authority, browsers.

Everything is made by the test run and removed by it, and what a killed run left, by
the next.
"""
