"""Write what is known only after importing flambeau: the stubs, and the table of late families.

Run this after adding a public name:

    python tools/write_stubs.py
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

TOOLS = Path(__file__).parent
TABLE = TOOLS.parent / "src" / "flambeau" / "ops" / "families.py"


def families() -> str:
    """The table, as a new process finds it."""
    command = [sys.executable, str(TOOLS / "families.py")]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def main() -> None:
    """Write the table, and then the stubs, which read it."""
    text = families()
    if TABLE.read_text(encoding="utf-8") != text:
        TABLE.write_text(text, encoding="utf-8")
    sys.path.insert(0, str(TOOLS))
    import stubs

    stubs.main()


if __name__ == "__main__":
    main()
