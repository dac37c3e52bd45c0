"""The composition root, and the two servers of one simulator."""

import asyncio
import contextlib
import signal
import socket
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import orjson
import uvicorn
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.types import ASGIApp

from .answers import Protocol
from .behaviour import Behaviour, Faults
from .control import control
from .deliveries import Deliveries
from .graph import Graph
from .platform import Gone, Person, Platform
from .settings import CONTROL_HOST, Settings
from .wall import Wall
from .world import World

_SAVED_EVERY_S = 1.0


def build(settings: Settings) -> World:
    platform = Platform(Person(settings.page_id, settings.page_name), settings.base, settings.seed)
    if settings.state and settings.state.exists():
        platform.load(orjson.loads(settings.state.read_bytes()))
    behaviour, faults = Behaviour(), Faults()
    deliveries = Deliveries(settings, behaviour, platform.clock)
    graph = Graph(settings, platform, behaviour, faults, deliveries)
    return World(settings, platform, behaviour, faults, deliveries, graph)


def public_face(world: World) -> Starlette:
    wall = Wall(world.platform, world.deliveries)
    return Starlette(
        routes=[
            Route("/", wall.wall),
            Route("/wall/style.css", wall.style),
            Route("/wall/comments", wall.comment, methods=["POST"]),
            Route("/wall/edit", wall.edit, methods=["POST"]),
            Route("/wall/remove", wall.remove, methods=["POST"]),
            Route("/photos/{name}", wall.photo),
            Route("/{page:str}/posts/{number:str}", wall.permalink),
            Route("/{path:path}", world.graph.answer, methods=["GET", "POST", "DELETE"]),
        ]
    )


def control_face(world: World) -> FastAPI:
    app = FastAPI(title="Simulator: control face", version="1")
    app.include_router(control(world))

    @app.get("/healthz")
    async def healthz() -> dict[str, object]:
        return {"status": "ok", "subscribed": world.deliveries.subscribed.is_set()}

    @app.exception_handler(Gone)
    async def gone(_request: Request, error: Exception) -> JSONResponse:
        return JSONResponse({"detail": f"{error} is not here"}, status_code=404)

    @app.exception_handler(ValidationError)
    @app.exception_handler(RequestValidationError)
    async def invalid(_request: Request, error: Exception) -> JSONResponse:
        return JSONResponse({"detail": str(error)}, status_code=422)

    return app


@contextlib.asynccontextmanager
async def running(world: World) -> AsyncIterator[None]:
    """Both faces listen, deliveries leave; all ends with the block. Raises OSError when a port is taken."""
    settings = world.settings
    sockets = _listen((settings.host, settings.public_port), (CONTROL_HOST, settings.control_port))
    servers = [_server(public_face(world)), _server(control_face(world))]
    serving = [
        asyncio.create_task(server.serve([listening])) for server, listening in zip(servers, sockets, strict=True)
    ]
    beside = [asyncio.create_task(world.deliveries.run()), asyncio.create_task(_saving(world))]
    try:
        yield  # the sockets listen already: whoever comes now waits for the servers to start
    finally:
        for task in beside:
            task.cancel()
        for server in servers:
            server.should_exit = True
        await asyncio.gather(*serving, *beside, return_exceptions=True)
        await world.deliveries.close()
        _save(world)


async def serve(settings: Settings) -> None:
    """Run until SIGTERM or SIGINT."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with running(build(settings)):
        await stop.wait()


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals are the process's, not one server's."""
        yield


def _listen(*places: tuple[str, int]) -> list[socket.socket]:
    """All sockets or none. Raises OSError that names the port."""
    opened: list[socket.socket] = []
    for host, port in places:
        try:
            opened.append(socket.create_server((host, port), backlog=2048))
        except OSError as error:
            for one in opened:
                one.close()
            raise OSError(f"port {port} cannot be opened: {error.strerror}") from error
    return opened


def _server(app: ASGIApp) -> _Server:
    return _Server(
        uvicorn.Config(
            app,
            http=Protocol,
            lifespan="off",
            access_log=False,
            log_config=None,
            proxy_headers=False,
            server_header=False,
            timeout_graceful_shutdown=1,
        )
    )


async def _saving(world: World) -> None:
    saved = world.platform.changed
    while world.settings.state:
        await asyncio.sleep(_SAVED_EVERY_S)
        if saved != world.platform.changed:
            saved = world.platform.changed
            _save(world)


def _save(world: World) -> None:
    """All of it into a file beside, then renamed: a half file is never read."""
    path: Path | None = world.settings.state
    if path is None:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    half = path.with_suffix(path.suffix + ".half")
    half.write_bytes(orjson.dumps(world.platform.dump()))
    half.replace(path)
