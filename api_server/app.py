"""The application: the routes over a database, known by `main` only."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from fastapi import FastAPI
from starlette.middleware.errors import ServerErrorMiddleware
from starlette.types import ASGIApp
from typing_extensions import override

from api_server.access.gate import Gate
from api_server.access.providers import providers_of
from api_server.bootstrap import bootstrap, world_of
from api_server.http.errors import on_defect
from api_server.http.idempotency import sweep
from api_server.http.requests import Server
from api_server.http.routes import TABLE
from api_server.http.routing import Routing
from api_server.model.catalog import load
from api_server.settings import Settings
from api_server.store.database import Database
from api_server.store.replica import Replica
from api_server.watch.feed import Feed
from api_server.watch.keeping import keep
from api_server.watch.pings import Pings


class Application(FastAPI):
    """The framework's application, with our routing in place of its own: what it has in between would cost as much as a read's SQL."""

    @override
    def build_middleware_stack(self) -> ASGIApp:
        return ServerErrorMiddleware(Routing(TABLE, others=self.router), handler=on_defect)


def create_app(settings: Settings) -> FastAPI:
    """The application for `settings.database_url`, which is opened when the server starts and closed when it stops. AccessUnusable or
    UnknownQuota when the settings do not fit together."""
    catalog = load()
    world, providers = world_of(catalog, settings), providers_of(settings)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        database = await Database.open(
            settings.database_url,
            settings.pool_size,
            prepared_statements=settings.prepared_statements,
            direct_url=settings.database_direct_url,
        )
        await bootstrap(database, world)
        replica = await _replica_of(settings, database)
        gate = Gate(settings, providers, database)
        retention = timedelta(seconds=settings.answer_retention)
        pings = Pings(database, settings.database_direct_url or settings.database_url)
        feed = Feed(database, pings, settings.watch_queue)
        app.state.server = Server(
            world,
            database,
            settings.max_request_size,
            settings.max_bulk_size,
            gate,
            retention,
            feed,
            settings.watch_keepalive_interval,
            replica,
            settings.max_staleness,
        )
        jobs = [keep(database, settings.change_retention), sweep(database, retention), pings.look_on()]
        upkeep = [asyncio.create_task(job) for job in (*jobs, *([replica.follow()] if replica else []))]
        try:
            yield
        finally:
            for task in upkeep:
                task.cancel()
            await asyncio.gather(*upkeep, return_exceptions=True)
            await gate.close()
            if replica:
                await replica.close()
            await database.close()

    return Application(title="Netweave", openapi_url=None, docs_url=None, redoc_url=None, lifespan=lifespan)


async def _replica_of(settings: Settings, database: Database) -> Replica | None:
    if not settings.database_read_url:
        return None
    return await Replica.open(
        settings.database_read_url,
        settings.pool_size,
        database,
        prepared_statements=settings.prepared_statements,
        pooled=settings.pooled,
    )
