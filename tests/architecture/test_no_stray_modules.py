"""What happens to be installed beside us is not loaded into the server."""

from __future__ import annotations

import subprocess
import sys


def test_rest_loads_no_foreign_modelling_libraries() -> None:
    program = (
        "import sys\n"
        "from hubbub.protocols.rest.app import _App\n"
        "_App([])\n"
        "print([name for name in ('pydantic', 'attrs') if name in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"
