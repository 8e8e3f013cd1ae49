"""``python -m virnucpro_sidecar.bench``, which `npm run bench:gpu` starts."""

from __future__ import annotations

import sys

from ..errors import SidecarError
from ..start import explain_import
from .options import parse_options


def main() -> int:
    options = parse_options(sys.argv[1:])
    try:
        # Only now, since the help needs no torch.
        from .run import Bench

        Bench(options).run()
    except ImportError as error:
        print(explain_import(error).message, file=sys.stderr)
        return 1
    except SidecarError as error:
        print(error.message, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
