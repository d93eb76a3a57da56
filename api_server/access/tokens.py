"""Tokens of the tokens file: made here, and known there by their SHA-256 alone."""

import hashlib
import secrets

import orjson

from api_server.model.caller import Bearer


def new_token() -> str:
    """A token that nobody guesses: 256 random bits."""
    return secrets.token_urlsafe(32)


def digest_of(token: str) -> str:
    """What the file says in place of the token. No salt and no stretching: a token is random, not a password."""
    return hashlib.sha256(token.encode()).hexdigest()


def entry_of(token: str, bearer: Bearer) -> str:
    """The line of the file for a token. Flow style with JSON's quotes: a digest of digits alone stays a text."""
    said = {name: getattr(bearer, name) for name in ("user", "roles", "project_id", "domain_id") if getattr(bearer, name)}
    return f'"{digest_of(token)}": {orjson.dumps(said).decode()}'
