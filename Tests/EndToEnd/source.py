# Copyright the Martlet authors
# SPDX-License-Identifier: Apache-2.0
"""A client that hands in message after message to many domains, where a process for each domain would be the load."""
import asyncio
import itertools
import time


class Source:
    """Connections to the server, each of which hands in one message after the other."""

    def __init__(self, port, octets, lanes=16):
        self.port, self.octets, self.count, self.lanes = port, octets, lanes, asyncio.Queue()
        self.numbers = itertools.count(1)
        self.sent = {}

    async def start(self):
        for _ in range(self.count):
            reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
            await self.reply(reader, b"220")
            writer.write(b"EHLO source.test\r\n")
            await self.reply(reader, b"250")
            self.lanes.put_nowait((reader, writer))

    @staticmethod
    async def reply(reader, code):
        while (line := await reader.readline())[3:4] == b"-":
            pass
        assert line.startswith(code), line

    async def send(self, domain):
        """One message; its number, once it is acknowledged."""
        number = next(self.numbers)
        reader, writer = lane = await self.lanes.get()
        writer.write(f"MAIL FROM:<sender@relay.test>\r\nRCPT TO:<u{number}@{domain}>\r\nDATA\r\n".encode())
        for code in (b"250", b"250", b"354"):
            await self.reply(reader, code)
        line = b"x" * 76 + b"\r\n"
        self.sent[number] = time.monotonic()
        writer.write(b"Subject: paced\r\n\r\n" + line * (self.octets // len(line)) + b"number %d\r\n.\r\n" % number)
        await self.reply(reader, b"250")
        self.lanes.put_nowait(lane)
        return number

    def close(self):
        while not self.lanes.empty():
            self.lanes.get_nowait()[1].close()


async def hand_in(port, domains, each, octets, lanes):
    """So many messages to each domain, over so many connections; returns when all are acknowledged."""
    source = Source(port, octets, lanes)
    await source.start()
    await asyncio.gather(*(source.send(domain) for _ in range(each) for domain in domains))
    source.close()
