"""The scenarios: each is a locustfile of its own."""
