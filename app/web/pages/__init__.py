"""The pages people see, one module a subject."""
