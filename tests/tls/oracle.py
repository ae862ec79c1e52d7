#!/usr/bin/env python3
"""Both sides of handshakes by Python's ssl module, in memory, for interop.test.cpp to compare with.

    oracle.py DIRECTORY

Reads DIRECTORY/cases: a line per case, `name hostname cert client_options server_options`, where
cert names NAME.pem and NAME.key beside it, and options are comma-separated or `-`. Prints a line per
case: name, the client's error and the server's, separated by tabs; `-` for none.
"""
import pathlib
import re
import ssl
import sys
import warnings

warnings.simplefilter("ignore", DeprecationWarning)
LAX = "DEFAULT:@SECLEVEL=0"


def configure(context, options, directory):
    for option in options.split(","):
        if option == "old":
            context.set_ciphers(LAX)
            context.minimum_version = ssl.TLSVersion.TLSv1
            context.maximum_version = ssl.TLSVersion.TLSv1_1
        elif option == "tls1_2":
            context.maximum_version = ssl.TLSVersion.TLSv1_2
        elif option.startswith("ciphers="):
            context.set_ciphers(option.partition("=")[2])
        elif option == "need_client":
            context.load_verify_locations(directory / "ca.pem")
            context.verify_mode = ssl.CERT_REQUIRED
        elif option != "-":
            raise ValueError(option)


def text(error):
    if error is None:
        return "-"
    return type(error).__name__ + ": " + re.sub(r" \(_ssl\.c:\d+\)$", "", error.args[-1])


class Side:
    def __init__(self, context, **options):
        self.inward, self.outward = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.object = context.wrap_bio(self.inward, self.outward, **options)
        self.done, self.error = False, None

    def step(self):
        """Whether anything moved."""
        if self.error or self.done:
            try:
                if not self.error:
                    self.object.read(1)  # tickets, and alerts that come late
            except ssl.SSLWantReadError:
                pass
            except ssl.SSLError as error:
                self.error = error
            return
        try:
            self.object.do_handshake()
            self.done = True
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLError as error:
            self.error = error


def run(case, directory):
    name, hostname, cert, client_options, server_options = case
    client = ssl.create_default_context(cafile=directory / "ca.pem")
    client.verify_flags |= ssl.VERIFY_X509_STRICT | ssl.VERIFY_X509_PARTIAL_CHAIN
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server.set_ciphers(LAX)
    server.load_cert_chain(directory / f"{cert}.pem", directory / f"{cert}.key")
    configure(client, client_options, directory)
    configure(server, server_options, directory)
    sides = (Side(client, server_hostname=hostname), Side(server, server_side=True))
    for _ in range(20):
        for mine, other in (sides, sides[::-1]):
            mine.step()
            other.inward.write(mine.outward.read())
    print(name, *(text(side.error) for side in sides), sep="\t")


def main():
    directory = pathlib.Path(sys.argv[1])
    for line in (directory / "cases").read_text().splitlines():
        run(line.split(), directory)


if __name__ == "__main__":
    main()
