"""`python -m netweave` is `netweave`."""

from netweave.cli import main

if __name__ == "__main__":
    main()
