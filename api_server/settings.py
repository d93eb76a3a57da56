"""The environment, read once: each setting is `NETWEAVE_<NAME>`, the database ones also go by their common names."""

from pathlib import Path
from typing import Literal

from pydantic import AliasChoices, Field
from pydantic_settings import BaseSettings, SettingsConfigDict

NO_AUTH, CLOUD_ADMIN, RBAC = "no-auth", "cloud-admin", "rbac"


def default_data_dir() -> Path:
    return Path.home() / ".local" / "share" / "netweave"


class Settings(BaseSettings):
    """What an operator may choose; flags of `netweave serve` win over the environment."""

    # The delimiter is for `quota`: NETWEAVE_QUOTA_virtual_network.
    model_config = SettingsConfigDict(
        env_prefix="NETWEAVE_", extra="ignore", populate_by_name=True, env_nested_delimiter="_", env_nested_max_split=1
    )

    host: str = "127.0.0.1"
    port: int = Field(default=8082, ge=0, le=65535)
    workers: int = Field(default=1, ge=1, le=64)
    data_dir: Path = Field(default_factory=default_data_dir)
    allow_no_auth: bool = False
    database_url: str = Field(default="", validation_alias=AliasChoices("database_url", "DATABASE_URL", "NETWEAVE_DATABASE_URL"))
    database_direct_url: str = Field(
        default="", validation_alias=AliasChoices("database_direct_url", "DATABASE_DIRECT_URL", "NETWEAVE_DATABASE_DIRECT_URL")
    )
    # A standby, for reads that may lag.
    database_read_url: str = Field(
        default="", validation_alias=AliasChoices("database_read_url", "DATABASE_READ_URL", "NETWEAVE_DATABASE_READ_URL")
    )
    # How old in seconds the answer to a read may be whose request does not say; zero: not older than the request.
    max_staleness: int = Field(default=0, ge=0, le=86_400)
    prepared_statements: bool = True
    pool_size: int = Field(default=16, ge=1, le=500)
    # Days for which changes are kept.
    change_retention: int = Field(default=7, ge=1, le=3650)
    # Seconds between the signs of life on a quiet stream of changes.
    watch_keepalive_interval: float = Field(default=60, gt=0, le=86_400)
    # Changes that may wait for one reader of the stream.
    watch_queue: int = Field(default=10_000, ge=1)
    max_request_size: int = Field(default=1_024_000, ge=1_000)
    max_bulk_size: int = Field(default=16_384_000, ge=1_000)
    # Access control (contract 5).
    aaa_mode: Literal["no-auth", "cloud-admin", "rbac"] = "no-auth"
    cloud_admin_role: str = Field(default="admin", min_length=1)
    global_read_only_role: str = ""
    tokens_file: Path | None = None
    keystone_url: str = ""
    keystone_user: str = ""
    keystone_password: str = Field(default="", repr=False)
    keystone_project: str = ""
    keystone_user_domain: str = "default"
    keystone_project_domain: str = "default"
    keystone_cache_seconds: float = Field(default=60, ge=0, le=3600)
    # What a project may have that does not say so itself, for each name of QuotaType, and `defaults` for all others; negative is no limit.
    quota: dict[str, int] = Field(default_factory=dict)
    # The original never counts them (contract 4.5).
    count_instance_ips: bool = False
    # Seconds for which the answer to a request with an Idempotency-Key is kept.
    answer_retention: int = Field(default=86_400, ge=1)
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    @property
    def pooled(self) -> bool:
        """Whether a connection pooler is between us and PostgreSQL."""
        return bool(self.database_direct_url) and self.database_direct_url != self.database_url
