"""How many connections a process holds, and what asyncpg raises when there is none to be had."""

import asyncpg

# For the short transactions that requests make beside their own.
RESERVE = 2
# One for the reader of the stream, one for pings and what is done now and then, two for the lists that watchers start from.
ASIDE = 4
# What hears the pings of other processes while somebody watches.
LISTENING = 1

AWAY = (
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.TooManyConnectionsError,
    asyncpg.InterfaceError,
    # What asyncpg says now and then of a connection that was cut between two steps of one statement.
    asyncpg.InternalClientError,
    OSError,
)
