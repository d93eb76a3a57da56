"""`python -m netweave.cli`: the command without its script."""

from netweave.cli import main

main()
