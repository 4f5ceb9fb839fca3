"""Settings that all tests share."""

from hypothesis import settings

# the same few examples on every machine and in every run: a red test can be run again
settings.register_profile("book", derandomize=True, max_examples=25, deadline=None, database=None)
settings.load_profile("book")
