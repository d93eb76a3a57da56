"""The floor that speaks HTTP; nothing below it knows the wire."""
