"""Resolve ``pyproject.toml`` into ``requirements/*.txt``: exact versions, hashes of every wheel, no index address.

``make lock`` runs this. It needs ``uv``, which it puts beside the other tools; the files serve Linux on x86-64 and ARM.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
FILES = {"dev": "dev", "demo": "demo", "run": ""}  # file: extra; dev comes first, the others take its versions


def main() -> None:
    subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", "uv"], check=True)
    for name, extra in FILES.items():
        command = [sys.executable, "-m", "uv", "pip", "compile", "--quiet", "--universal", "--python-version", "3.11"]
        command += ["--generate-hashes", "--no-emit-index-url", "--no-emit-find-links", "--no-annotate"]
        command += ["--custom-compile-command", "make lock", "--output-file", f"requirements/{name}.txt"]
        command += ["pyproject.toml", "requirements/build.in"]
        command += ["--extra", extra] if extra else []
        command += [] if name == "dev" else ["--constraint", "requirements/dev.txt"]
        subprocess.run(command, check=True, cwd=HERE.parent)


if __name__ == "__main__":
    main()
