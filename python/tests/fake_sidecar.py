"""The sidecar with a fake model; for processes that tests start."""

import sys

from fake_model import FakePrepared

from virnucpro_sidecar.__main__ import main

main(sys.argv[1:], FakePrepared)
