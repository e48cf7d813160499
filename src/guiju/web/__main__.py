"""`python -m guiju.web` serves the house; `guiju serve` becomes this process."""

import sys

from guiju.web.server import main

sys.exit(main())
