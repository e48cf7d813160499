"""A time-stamping authority on loopback: `openssl ts` behind a small HTTP server, with its own certificate."""

import shutil
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

CONFIGURATION = """
[req]
distinguished_name = name
[name]
[tsa]
default_tsa = own
[own]
serial = {folder}/serial
signer_cert = {folder}/tsa.pem
signer_key = {folder}/tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
ess_cert_id_chain = no
[extensions]
extendedKeyUsage = critical,timeStamping
"""

OPENSSL = shutil.which("openssl")


class TimeStampAuthority:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.certificate = folder / "tsa.pem"
        self.configuration = folder / "tsa.cnf"
        self.configuration.write_text(CONFIGURATION.format(folder=folder))
        (folder / "serial").write_text("01\n")
        where = ("-keyout", str(folder / "tsa.key"), "-out", str(self.certificate), "-subj", "/CN=test authority")
        self.openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-extensions", "extensions", *where)
        authority = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                content = authority.answer(self.rfile.read(int(self.headers["Content-Length"])))
                self.send_response(200)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_values: object) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/tsa"
        self.replay: bytes | None = None
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def openssl(self, *arguments: str) -> bytes:
        command = [str(OPENSSL), *arguments]
        if arguments[0] == "req":
            command += ["-config", str(self.configuration)]
        return subprocess.run(command, check=True, capture_output=True).stdout

    def answer(self, request: bytes) -> bytes:
        if self.replay is not None:
            return self.replay
        query = self.folder / "query.tsq"
        query.write_bytes(request)
        return self.openssl(
            "ts", "-reply", "-config", str(self.configuration), "-section", "own", "-queryfile", str(query)
        )

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
