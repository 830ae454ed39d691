# Copyright the Martlet authors
# SPDX-License-Identifier: Apache-2.0
"""Marionette, by which Mozilla's programs are driven: JSON messages, each behind its length, over a loopback port."""
import json
import socket
import time


class MarionetteError(AssertionError):
    pass


class Marionette:
    """One session in the program's own context: scripts may do what the program's windows do."""

    def __init__(self, port, timeout):
        deadline = time.monotonic() + timeout
        while True:
            try:
                self.socket = socket.create_connection(("127.0.0.1", port), timeout=5)
                break
            except OSError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)
        self.socket.settimeout(120)
        self.buffer = b""
        self.number = 0
        hello = self.receive()
        if hello.get("marionetteProtocol") != 3:
            raise MarionetteError(f"not protocol 3: {hello}")
        self.command("WebDriver:NewSession", {"capabilities": {}})
        self.command("Marionette:SetContext", {"value": "chrome"})
        self.command("WebDriver:SetTimeouts", {"script": 90_000})

    def receive(self):
        while b":" not in self.buffer:
            self.read()
        length, self.buffer = self.buffer.split(b":", 1)
        while len(self.buffer) < int(length):
            self.read()
        octets, self.buffer = self.buffer[:int(length)], self.buffer[int(length):]
        return json.loads(octets)

    def read(self):
        octets = self.socket.recv(65536)
        if not octets:
            raise MarionetteError("the program has closed the connection")
        self.buffer += octets

    def command(self, name, parameters=None):
        self.number += 1
        octets = json.dumps([0, self.number, name, parameters or {}]).encode()
        self.socket.sendall(b"%d:" % len(octets) + octets)
        while True:
            _, number, error, result = self.receive()
            if number == self.number:
                break
        if error:
            raise MarionetteError(f"{error['error']}: {error['message']}\n{error.get('stacktrace', '')}")
        return result

    def run(self, script, *arguments):
        """What an asynchronous function with this body returns, given `arguments` as its `given`."""
        whole = f"""
            const [given, done] = [arguments[0], arguments[arguments.length - 1]];
            (async () => {{ {script} }})().then(
                value => done(JSON.stringify({{value: value === undefined ? null : value}})),
                error => done(JSON.stringify({{error: String(error) + "\\n" + (error && error.stack)}})));
        """
        result = self.command("WebDriver:ExecuteAsyncScript", {"script": whole, "args": [list(arguments)],
                                                               "sandbox": "system", "newSandbox": True})
        answer = json.loads(result["value"])
        if "error" in answer:
            raise MarionetteError(answer["error"])
        return answer["value"]

    def screenshot(self):
        """A picture of the window, as PNG in base64."""
        return self.command("WebDriver:TakeScreenshot", {"full": False, "hash": False})["value"]

    def close(self):
        self.socket.close()
