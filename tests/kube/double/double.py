"""The Kubernetes API double as tests hold it: started, pointed at, made to fail, asked what it saw."""

import asyncio
import random
import secrets
import ssl
import threading
from collections.abc import Callable, Coroutine, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, Self, TypeVar

import yaml

from .access import Account, account_of
from .cluster import Kubectl, Kubelet
from .kinds import NAMESPACE
from .refusals import Expired
from .registry import Registry
from .removal import Removal
from .revisions import NumericRevisions, OpaqueRevisions
from .server import Outage, Server
from .store import Change, Entry, Snapshot, Store
from .waiting import Waiting

T = TypeVar("T")
BOOTSTRAP_NAMESPACES = ("default", "kube-system", "kube-public", "kube-node-lease")


class KubeDouble(Waiting):
    """A Kubernetes API server on 127.0.0.1, on a thread of its own; every method may be called from any other thread."""

    def __init__(
        self,
        *,
        port: int = 0,
        token: str | None = None,
        opaque_versions: bool = False,
        log_size: int = 100_000,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="kube-double", daemon=True)
        self._port = port
        self._scheme = "https" if tls else "http"
        self.token = secrets.token_urlsafe(16) if token is None else token
        revisions = OpaqueRevisions() if opaque_versions else NumericRevisions()
        self._store = Store(revisions, random.randrange(10**6, 10**8), log_size)
        self._registry = Registry(self._store)
        removal = Removal(self._registry)
        removal.on_graceful.append(self._terminate_later)
        self._server = Server(self._store, self._registry, removal, tls)
        self._accounts: list[Account] = []
        self._token_files: list[tuple[Path, Account | None]] = []
        self.kubectl = Kubectl(self._registry, removal, self._on_loop)
        self.kubelet = Kubelet(self._registry, removal, self._on_loop)
        self.faults = self._server.faults
        self.recorder = self._server.recorder
        if self.token:
            self._server.tokens.add(self.token)
        for name in BOOTSTRAP_NAMESPACES:
            self._registry.create(NAMESPACE, "", {"metadata": {"name": name}})

    # Life

    def start(self) -> Self:
        self._thread.start()
        self._await(self._server.listen(self._port))
        return self

    def stop(self) -> None:
        """Reset every connection and be gone."""
        self._await(self._server.interrupt("refuse"))
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        if self._server.failures:
            raise ExceptionGroup("the double itself failed", self._server.failures)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    async def __aenter__(self) -> Self:
        return self.start()

    async def __aexit__(self, *_: object) -> None:
        await asyncio.to_thread(self.stop)

    # The way in

    @property
    def url(self) -> str:
        return f"{self._scheme}://127.0.0.1:{self._server.port}"

    def account(self, manifests: Iterable[dict[str, Any]], namespace: str, name: str) -> Account:
        """A ServiceAccount that may do what these RBAC manifests bind to it, and nothing else; it knows what it used and lacked."""
        account = account_of(manifests, namespace, name)
        self._accounts.append(account)
        self._server.accounts[account.token] = account
        return account

    def kubeconfig(self, path: Path, *, token_file: bool = False, account: Account | None = None) -> Path:
        """Write a kubeconfig that points here; with a token file beside it, rotated tokens are found there."""
        token = account.token if account else self.token
        user: dict[str, str] = {"token": token} if token else {}
        if token_file:
            beside = path.with_suffix(".token")
            beside.write_text(token)
            self._token_files.append((beside, account))
            user = {"tokenFile": str(beside)}
        cluster = {"server": self.url} | ({"insecure-skip-tls-verify": True} if self._scheme == "https" else {})
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "double",
            "clusters": [{"name": "double", "cluster": cluster}],
            "users": [{"name": "double", "user": user}],
            "contexts": [{"name": "double", "context": {"cluster": "double", "user": "double", "namespace": "default"}}],
        }
        path.write_text(yaml.safe_dump(config))
        return path

    def revoke_token(self) -> None:
        """Answer 401 to everybody from now on; watches that are open stay open."""
        self._server.tokens = {"(revoked)"}
        self._server.accounts = {}

    def rotate_token(self) -> str:
        """Accept new tokens only, and put them where kubeconfigs with a token file look."""
        self.token = secrets.token_urlsafe(16)
        self._server.tokens = {self.token}
        for account in self._accounts:
            account.token = secrets.token_urlsafe(16)
        self._server.accounts = {account.token: account for account in self._accounts}
        for file, owner in self._token_files:
            file.write_text(owner.token if owner else self.token)
        return self.token

    # Time, history and outages

    @property
    def resource_version(self) -> str:
        return self._store.version

    @property
    def open_watches(self) -> list[str]:
        """The plural of each open watch's kind."""
        return self._on_loop(lambda: [watcher.kind.plural for watcher in self._server.watchers.open])

    def compact(self, *, gone_by: Literal["status", "event"] = "event") -> None:
        """Forget all changes: older revisions and continue tokens are answered 410, watches by a status or by an ERROR event."""
        self._server.gone_by = gone_by
        self._on_loop(self._store.compact)

    def expire_pages(self) -> None:
        """Answer 410 to every continue token given so far."""
        self._on_loop(self._server.pages.expire)

    def expire_watches(self, resource: str | None = None) -> int:
        """End open watches by a 410 ERROR event; how many there were."""
        return self._on_loop(lambda: self._server.watchers.fail(Expired("too old resource version"), self._kind_key(resource)))

    def listen(self, listener: Callable[[Change], None]) -> None:
        """Call it for every write from now on, where the server lives: it must be quick."""
        self._on_loop(lambda: self._store.listeners.append(listener))

    def emit_bookmarks(self) -> None:
        """Send a bookmark now on every watch that asked for them."""
        self._on_loop(self._server.watchers.bookmark_all)

    def bookmark_every(self, seconds: float) -> None:
        """How often watches opened from now on get a bookmark (60 s if never said)."""
        self._server.bookmark_interval = seconds

    def drop_watches(self, resource: str | None = None, *, abort: bool = False) -> int:
        """Close the open watches of a resource or of all, cleanly or by a reset; how many there were."""
        return self._on_loop(lambda: self._server.watchers.close(self._kind_key(resource), abort=abort))

    def interrupt(self, how: Outage = "refuse") -> None:
        """Go down: connections are reset; new ones refused, or (`reset`) accepted, counted in recorder.connections, and reset."""
        self._await(self._server.interrupt(how))

    def resume(self) -> None:
        """Come back at the same port with the same state."""
        self._await(self._server.listen(self._server.port))

    @contextmanager
    def outage(self, how: Outage = "refuse") -> Iterator[None]:
        """Down inside the block, back after it."""
        self.interrupt(how)
        try:
            yield
        finally:
            self.resume()

    def restart(self, *, forget: bool = False) -> None:
        """Restart keeping the state; `forget` drops the history too, so that old revisions are 410."""
        with self.outage():
            if forget:
                self.compact()

    def snapshot(self) -> Snapshot:
        """The present state, for `restore`."""
        return self._on_loop(self._store.snapshot)

    def restore(self, snapshot: Snapshot) -> None:
        """Come back from a backup: state and resourceVersion go back to the snapshot."""
        with self.outage():
            self._on_loop(lambda: self._registry.restore(snapshot))

    # Inside

    def _kind_key(self, resource: str | None) -> tuple[str, str] | None:
        return self._registry.kind(resource).key if resource else None

    def _terminate_later(self, pod: Entry) -> None:
        if self.kubelet.terminate_after is not None:
            self._loop.call_later(self.kubelet.terminate_after, self._terminate, *pod.key, pod.obj["metadata"]["uid"])

    def _terminate(self, namespace: str, name: str, uid: str) -> None:
        pod = self.kubectl.get("pods", name, namespace)
        if pod is not None and pod["metadata"]["uid"] == uid:
            self.kubelet.finish(name, namespace)

    def _on_loop(self, action: Callable[[], T]) -> T:
        """Do something where the server lives, and wait for it."""
        if threading.current_thread() is self._thread or not self._thread.is_alive():
            return action()

        async def act() -> T:
            return action()

        return self._await(act())

    def _await(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(30)
