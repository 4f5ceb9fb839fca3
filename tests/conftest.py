"""Settings that all tests share."""

import torch
from hypothesis import settings

# the same few examples on every machine and in every run: a red test can be run again
settings.register_profile("book", derandomize=True, max_examples=25, deadline=None, database=None)
settings.load_profile("book")

# small tensors: a second thread costs more than it gives, most of all where other processes run
torch.set_num_threads(1)
