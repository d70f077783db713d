"""One module a step, the newest last; each leaves the release before running.

While a release replaces another, and after going back, both run on one schema. So a
change takes two releases:

1. expand: a step adds what is new: tables, columns that may be empty or have a default
   in the database, indexes. Code that knows nothing of it still runs, so the step says
   `needs = None`.
2. contract: a step of a later release takes away what only old code used, or narrows
   it: drops, renames, NOT NULL. It says `needs = "0007"`: the step whose code already
   ran without. Code that does not know that step refuses to run, and says so.

Never both in one release: there would be no way back. Large tables get their values in
portions by a command of the release between.
"""
