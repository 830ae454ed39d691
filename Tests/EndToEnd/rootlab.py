# Copyright the Martlet authors
# SPDX-License-Identifier: Apache-2.0
"""A network of its own in which every address is this machine, and the name servers of the world are played: the root's,
those of `example`, those of `inner.example`, and one that others may ask, 192.0.2.99.

usage: unshare --net python3 rootlab.py COMMAND...     runs a command in it, and ends with its status
"""
import os
import struct
import subprocess
import sys

from dnsserver import A, MX, NS, NXDOMAIN, NOERROR, DNSServer, a, mx, name, record, soa

# By these addresses resolvers begin: they know them by heart.
ROOTS = ("198.41.0.4", "170.247.170.2", "199.9.14.201", "192.33.4.12", "199.7.91.13", "192.203.230.10", "192.5.5.241",
         "192.112.36.4", "198.97.190.53", "192.36.148.17", "192.58.128.30", "193.0.14.129", "199.7.83.42", "202.12.27.33")
FOR_EXAMPLE, FOR_INNER, FOR_OTHERS = "192.0.2.53", "192.0.2.54", "192.0.2.99"

RECORDS = {
    ("", NS): [(NS, name("a.root-servers.net"))], ("a.root-servers.net", A): [a(ROOTS[0])],
    ("ns.example", A): [a(FOR_EXAMPLE)], ("ns.inner.example", A): [a(FOR_INNER)],
    ("inner.example", MX): [mx(10, "mx.inner.example")], ("mx.inner.example", A): [a("192.0.2.80")],
}


class Authority(DNSServer):
    """Knows a zone, and who knows the zones below."""

    def __init__(self, host, zone, below=()):
        self.zone, self.below = zone, dict(below)
        super().__init__(host=host, port=53)

    def answer(self, query):
        with self.lock:
            self.seen.append(query)
        for zone, address in self.below.items():
            if query.name == zone or query.name.endswith("." + zone):
                return self.referral(query, zone, address)
        if found := RECORDS.get((query.name, query.type)):
            return query.data(*found)
        exists = any(known == query.name or known.endswith("." + query.name) for known, _ in RECORDS)
        return query.reply(authority=[record(self.zone, soa(self.zone), 60)], rcode=NOERROR if exists else NXDOMAIN)

    @staticmethod
    def referral(query, zone, address):
        """Another has the answer; this one is no authority for it."""
        octets = query.reply(authority=[record(zone, (NS, name("ns." + zone)))],
                             additional=[record("ns." + zone, a(address))])
        return octets[:2] + struct.pack(">H", 0x8000 | (query.flags & 0x0100)) + octets[4:]


def main():
    def run(*command):
        subprocess.run(command, check=True)
    run("ip", "link", "set", "lo", "up")
    run("ip", "route", "add", "local", "0.0.0.0/0", "dev", "lo")
    for address in ROOTS:
        Authority(address, "", {"example": FOR_EXAMPLE})
    Authority(FOR_EXAMPLE, "example", {"inner.example": FOR_INNER})
    Authority(FOR_INNER, "inner.example")
    asked = Authority(FOR_OTHERS, "")
    done = subprocess.run(sys.argv[1:], capture_output=True, timeout=60)
    sys.stdout.buffer.write(done.stdout)
    sys.stderr.buffer.write(done.stderr)
    print(f"questions to {FOR_OTHERS}: {len(asked.seen)}", file=sys.stderr)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(done.returncode)


if __name__ == "__main__":
    main()
