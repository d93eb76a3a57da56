"""The loop between the two: keys wait, are looked at, and what differs is made right."""
