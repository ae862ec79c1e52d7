# SPDX-License-Identifier: MIT
"""Starts the servers of the matrix on loopback, each with a configuration of its own in a temporary
directory, and stops them for certain: each leads a process group, and dies with this process."""

import contextlib
import ctypes
import gzip
import hashlib
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import time

HERE = pathlib.Path(__file__).resolve().parent
SEARCH = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin", "/sbin"])
PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None)
USER, PASSWORD = "ann", "s3cret:x"  # as matrix.py and the configurations know them


class NotInstalled(Exception):
    pass


def which(name):
    found = shutil.which(name, path=SEARCH)
    if not found:
        raise NotInstalled(f"{name} is not installed")
    return found


def free_ports(count):
    """Ports that nobody listens on. Somebody may take one before we do: then start again."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


def make_certificates(directory):
    """A root and a certificate for 127.0.0.1 and localhost, signed by it."""
    openssl = which("openssl")
    extensions = directory / "extensions"
    extensions.write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n"
                          "basicConstraints=CA:FALSE\nextendedKeyUsage=serverAuth\n")
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    for command in (
            ["req", "-x509", *key, "-keyout", "ca.key", "-out", "ca.pem", "-days", "2",
             "-subj", "/CN=matrix root"],
            ["req", *key, "-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=localhost"],
            ["x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key",
             "-CAcreateserial", "-out", "server.pem", "-days", "2", "-extfile", str(extensions)]):
        subprocess.run([openssl, *command], cwd=directory, check=True, capture_output=True)
    both = (directory / "server.pem").read_bytes() + (directory / "server.key").read_bytes()
    (directory / "both.pem").write_bytes(both)
    (directory / "server.key").chmod(0o644)


def make_files(directory):
    """What the servers with files serve."""
    root = directory / "files"
    (root / "folder").mkdir(parents=True)
    text = "".join(f"line {i} of a file that can be compressed\n" for i in range(1000))
    (root / "text.txt").write_text(text)
    (root / "text.txt.gz").write_bytes(gzip.compress(text.encode(), mtime=0))
    (root / "data.bin").write_bytes((bytes(range(251)) * 400)[:100_000])
    (root / "user.json").write_text(json.dumps({"id": 7, "name": "Ada"}))
    (root / "empty.txt").write_text("")
    (root / "folder" / "index.html").write_text("<p>in the folder</p>\n")
    (root / "private").mkdir()
    (root / "private" / "index.html").write_text("<p>private</p>\n")
    (root / "digest").mkdir()
    (root / "digest" / "index.html").write_text("<p>digest</p>\n")
    for path in [root, *root.rglob("*")]:
        os.utime(path, (1_700_000_000, 1_700_000_000))


def make_passwords(directory):
    crypted = subprocess.run([which("openssl"), "passwd", "-apr1", "-salt", "matrix", PASSWORD],
                             check=True, capture_output=True, text=True).stdout.strip()
    (directory / "htpasswd").write_text(f"{USER}:{crypted}\n")
    ha1 = hashlib.md5(f"{USER}:matrix:{PASSWORD}".encode()).hexdigest()
    (directory / "htdigest").write_text(f"{USER}:matrix:{ha1}\n")


def die_with_parent():
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def brotli_of_nginx():
    """The line that loads the module, where it is installed (libnginx-mod-http-brotli-filter)."""
    module = pathlib.Path("/usr/lib/nginx/modules/ngx_http_brotli_filter_module.so")
    return f"load_module {module};" if module.exists() else ""


class Server:
    """A running server: `http` and perhaps `https` are what its URLs begin with."""

    def __init__(self, name, process, log):
        self.name, self.process, self.log = name, process, log
        self.http = self.https = None

    def stop(self):
        for number in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(2)
        if self.process.stdout:
            self.process.stdout.close()
        if self.process.stdin:
            self.process.stdin.close()


class Servers:
    """All that were started, by name. A context manager: stops them."""

    def __init__(self, directory):
        self.directory = directory
        self.running = {}
        make_certificates(directory)
        make_files(directory)
        make_passwords(directory)
        for path in [directory, *directory.rglob("*")]:
            path.chmod(0o755 if path.is_dir() else 0o644)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for server in reversed(list(self.running.values())):
            server.stop()

    def spawn(self, name, command, **options):
        log = self.directory / f"{name}.log"
        with log.open("ab") as out:
            environment = os.environ | {"HOME": str(self.directory)}
            process = subprocess.Popen(command, cwd=self.directory, stderr=out, env=environment,
                                       start_new_session=True, preexec_fn=die_with_parent,
                                       **({"stdin": subprocess.DEVNULL, "stdout": out} | options))
        return Server(name, process, log)

    def start_hob(self, program):
        server = self.spawn("hob", [program, "server.pem", "server.key"], stdin=subprocess.PIPE,
                            stdout=subprocess.PIPE)
        self.running["hob"] = server
        line = server.process.stdout.readline()
        if not line:
            raise RuntimeError(f"the server on Hob did not start:\n{server.log.read_text()}")
        ports = json.loads(line)
        server.http = f"http://127.0.0.1:{ports['http']}"
        server.https = f"https://127.0.0.1:{ports['https']}"
        return server

    def start(self, name, upstream):
        """Starts one of the others; `upstream` is what it is a proxy of below /app/."""
        program = which({"apache": "apache2"}.get(name, name))
        for attempt in range(3):
            ports = free_ports(3)
            template = (HERE / f"{name}.conf").read_text()
            for key, value in {"DIR": self.directory, "HTTP": ports[0], "HTTPS": ports[1],
                               "NOBODY": ports[2], "UPSTREAM": upstream,
                               "UPSTREAM_HOST": upstream.removeprefix("http://"),
                               "BROTLI": brotli_of_nginx(),
                               "BROTLI_ON": "brotli on;" if brotli_of_nginx() else ""}.items():
                template = template.replace(f"@{key}@", str(value))
            config = self.directory / f"{name}.conf"
            config.write_text(template)
            server = self.spawn(name, [program, *COMMANDS[name](config)])
            if self.wait_for(server, ports[0]):
                self.running[name] = server
                server.http = f"http://127.0.0.1:{ports[0]}"
                server.https = f"https://127.0.0.1:{ports[1]}"
                return server
            server.stop()
        raise RuntimeError(f"{name} did not start:\n{server.log.read_text()[-2000:]}")

    @staticmethod
    def wait_for(server, port):
        end = time.monotonic() + 15
        while time.monotonic() < end and server.process.poll() is None:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                return True
            time.sleep(0.02)
        return False


COMMANDS = {
    "nginx": lambda config: ["-e", "nginx.errors", "-p", ".", "-c", str(config)],
    "apache": lambda config: ["-DFOREGROUND", "-f", str(config)],
    "caddy": lambda config: ["run", "--adapter", "caddyfile", "--config", str(config)],
    "haproxy": lambda config: ["-db", "-f", str(config)],
    "squid": lambda config: ["-N", "-f", str(config)],
}
