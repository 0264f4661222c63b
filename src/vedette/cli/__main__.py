"""``python -m vedette.cli``."""

from vedette.cli import main

main()
