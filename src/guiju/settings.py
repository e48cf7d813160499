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

    @property
    def resolved_database_url(self) -> str:
        """The database address in use."""
        return self.database_url or f"sqlite:///{(self.var / 'guiju.db').resolve()}"

    @property
    def resolved_config(self) -> Path:
        """The operator's YAML in use."""
        return self.config or self.var / "guiju.yaml"
