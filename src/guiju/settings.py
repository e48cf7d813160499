"""The one typed Settings, from the environment (`GUIJU_…`), read by doors and bootstrap only."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Where Guiju keeps its data and where it listens.

    Attributes:
        var: the folder for everything that is kept: database, keys, blobs, spool, the operator's own YAML.
        database_url: SQLite or PostgreSQL; SQLite under `var` when empty.
        host: address to listen on.
        port: TCP port.
        config: the operator's YAML with upstreams and stream settings; `var/guiju.yaml` when empty.
        log_level: the least level that is logged.
        ledger_hash: `sha256` or `sm3`; fixed when a log is made.
        secure_cookies: whether the browser may send cookies over HTTPS only; set it behind TLS.
        review_sample_share: how much of what no policy sends to review is drawn all the same, from 0 to 1.
        review_due_hours: until an item of the review queue should be settled; a quarter of it where a person waits.
        workers: how many processes answer on the port; each has a memory and a database connection of its own.
        drain_seconds: how long calls under way may take to finish after SIGTERM.
        otlp_endpoint: base address of an OpenTelemetry collector (OTLP over HTTP); nothing is sent when empty.
        otlp_headers: headers for it, as `name=value,name=value`; for a token, say.
        trace_share: how many of the calls are traced that bring no decision of their own, from 0 to 1.
        instance: how this process is called in traces and metrics; the host's name when empty.
        publish_status: whether anybody may see at /status how available the service was.
        keyword_stage_hours: how long a change of the keyword library should be on trial in each stage.
    """

    model_config = SettingsConfigDict(env_prefix="GUIJU_", extra="ignore")

    var: Path = Path("var")
    database_url: str = ""
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=1, le=65535)
    config: Path | None = None
    log_level: str = "INFO"
    ledger_hash: str = "sha256"
    secure_cookies: bool = False
    review_sample_share: float = Field(default=0.01, ge=0.0, le=1.0)
    review_due_hours: float = Field(default=24.0, gt=0.0, le=8760.0)
    workers: int = Field(default=1, ge=1, le=64)
    drain_seconds: float = Field(default=30.0, ge=0.0, le=3600.0)
    keyword_stage_hours: float = Field(default=24.0, ge=0.0, le=8760.0)
    publish_status: bool = True

    otlp_endpoint: str = Field(default="", pattern=r"^(https?://[^\s]+)?$")
    otlp_headers: str = Field(default="", repr=False)
    trace_share: float = Field(default=1.0, ge=0.0, le=1.0)
    instance: str = Field(default="", max_length=128)

    @property
    def resolved_database_url(self) -> str:
        """The database address in use."""
        return self.database_url or f"sqlite:///{(self.var / 'guiju.db').resolve()}"

    @property
    def resolved_config(self) -> Path:
        """The operator's YAML in use."""
        return self.config or self.var / "guiju.yaml"
