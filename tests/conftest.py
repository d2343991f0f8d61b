"""For every test: helpers under tests/ can be imported, and rooms come from where the interpreter finds them first.

The project's root goes to the end of the path. Under `make test` the rooms are therefore the installed wheel's.
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = str(Path(__file__).parent.parent)
if ROOT not in sys.path:
    sys.path.append(ROOT)
