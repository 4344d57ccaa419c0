"""An authority of our own and what it signs, made anew for each run by ``openssl``."""

import subprocess
from pathlib import Path
from typing import NamedTuple


class Signed(NamedTuple):
    """A certificate and its key, both as PEM files."""

    certificate: Path
    key: Path


class Certificates:
    """Who is who: ``server`` is localhost, ``client`` is us, ``expired`` was localhost once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.authority = folder / "ca.pem"
        key = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -x509 -subj /CN=test-authority"
        extensions = "-addext basicConstraints=critical,CA:TRUE -addext keyUsage=keyCertSign"
        self._openssl(f"req {key} {extensions} -days 2 -keyout ca.key -out ca.pem")
        self.server = self._signed("server", "localhost", "-days 2")
        self.client = self._signed("client", "runner", "-days 2")
        self.expired = self._signed("expired", "localhost", "-days -1")

    def _signed(self, name: str, subject: str, validity: str) -> Signed:
        key = f"-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout {name}.key"
        self._openssl(f"req {key} -subj /CN={subject} -out {name}.csr")
        (self._folder / "extensions").write_text(f"subjectAltName=DNS:{subject},IP:127.0.0.1\n")
        signing = "-CA ca.pem -CAkey ca.key -CAcreateserial -extfile extensions"
        self._openssl(f"x509 -req -in {name}.csr {signing} {validity} -out {name}.pem")
        return Signed(self._folder / f"{name}.pem", self._folder / f"{name}.key")

    def _openssl(self, arguments: str) -> None:
        subprocess.run(
            ["openssl", *arguments.split()], cwd=self._folder, check=True, capture_output=True
        )
