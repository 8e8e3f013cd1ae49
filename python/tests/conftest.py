"""For all tests, and the processes that they start."""

import os

# Threads that wait for each other in busy loops make tiny models slow on a busy machine. Before torch is imported.
os.environ.setdefault("OMP_NUM_THREADS", "1")
