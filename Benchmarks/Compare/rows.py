# Copyright the Martlet authors
# SPDX-License-Identifier: Apache-2.0
"""What is measured: one row each, with what counts, which way is better, and the bars of the project."""
from dataclasses import dataclass, field

MORE, LESS = "more", "less"


@dataclass
class Row:
    key: str
    group: str
    title: str
    unit: str
    #: Of Benchmarks/Load, by name.
    load: str
    options: dict = field(default_factory=dict)
    #: Of the JSON of the load; or "memory" or "cpu", which are seen from outside.
    figure: str = "per_second"
    better: str = MORE
    bar: float | None = None
    goal: float | None = None
    #: The bars of processor time for a unit of work, as how many times less it is.
    cpu_bar: float | None = None
    cpu_goal: float | None = None
    #: Which listener the load talks to, for mail that is read.
    tls: bool = False
    #: The first user whom the load uses; those before it have the filled mailboxes.
    first: int = 0
    #: Messages of the filled mailbox.
    size: int | None = None
    cold: bool = False
    #: Whether the server is started anew before it: what it found out for others before says nothing.
    fresh: bool = False
    per: str = "operation"
    #: Whether all that the load does is what is measured: else its processor time says nothing.
    is_whole: bool = True


def deliveries(quick):
    counts = {1: 150, 64: 1500} if quick else {1: 600, 8: 2500, 64: 6000}
    for sessions, messages in counts.items():
        yield Row(f"deliver-{sessions}", "SMTP to mailbox", f"durable deliveries, {sessions} sessions", "/s", "deliver",
                  {"sessions": sessions, "messages": messages, "mailboxes": 16}, first=8,
                  bar=5 if sessions == 64 else None, goal=12 if sessions == 64 else None,
                  cpu_bar=3 if sessions == 64 else None, cpu_goal=8 if sessions == 64 else None, per="message")
    yield Row("notify", "SMTP to mailbox", "delivery to IDLE, p50", "ms", "notify",
              {"sessions": 4, "messages": 15 if quick else 60}, figure="p50_ms", better=LESS, first=4, per="message")


def appends(quick):
    for sessions, hot in ((1, False), (64, False), (1, True), (64, True)):
        if quick and (sessions, hot) == (1, True):
            continue
        options = {"sessions": sessions, "messages": (300 if sessions == 1 else 1200) * (1 if quick else 3)}
        if hot:
            options["hot"] = 1
        where = "one mailbox" if hot else "a mailbox each"
        bar = (1.5, 3) if sessions == 64 else (None, None)
        yield Row(f"append-{sessions}{'-hot' if hot else ''}", "IMAP APPEND", f"APPEND, {sessions} writers, {where}", "/s",
                  "append", options, first=3 if hot else 8, bar=bar[0], goal=bar[1], per="message")


#: What UID SEARCH looks for, besides text, and how it is called.
SEARCHES = (("flags", "of a flag"), ("dates", "of days"), ("sent", "of days of sending"))
#: What puts messages in order.
ORDERS = (("sort", "date"), ("sort", "subject"), ("thread", "references"), ("thread", "orderedsubject"))
#: Rows whose first call behind a start of the server has a row of its own, so that the others are all later calls; the
#: rows between two of these need nothing that the one before them has not made the server find out.
FIRST = ("search", "search-sent", "sort-subject", "thread-references")
#: The kinds of rows that look for messages or put them in order, as their keys begin.
LOOKED = [("search", "SEARCH TEXT"), *((f"search-{by}", f"UID SEARCH {title}") for by, title in SEARCHES),
          *((f"{load}-{by}", f"{load.upper()} {by.upper()}") for load, by in ORDERS)]
#: All kinds of rows of mailboxes, for the tables of growth: first calls beside first calls.
GROWING = [("flags", "FETCH flags"), ("envelopes", "FETCH envelopes"), ("bodies", "FETCH bodies"),
           *((f"{kind}{more}", f"{title}{words}") for kind, title in LOOKED
             for more, words in ((("-first", ", first"),) if kind in FIRST else ()) + (("", ""),)),
           ("store", "STORE"), ("expunge", "EXPUNGE"), ("select-warm", "SELECT, warm"), ("select-cold", "SELECT, cold")]


def mailbox(quick, sizes):
    for number, size in enumerate(sizes):
        last = size == sizes[-1]
        bars = (lambda bar, goal: {"bar": bar, "goal": goal}) if last else (lambda bar, goal: {})
        common = {"first": number, "size": size}
        times = max(1, min(10, 40_000 // size))
        group = f"Mailbox of {size:,}"
        yield Row(f"flags-{size}", group, f"FETCH flags of {size:,}", "messages/s", "fetch",
                  {"items": "flags", "times": times}, per="message", **common, **bars(1.5, 3))
        yield Row(f"envelopes-{size}", group, f"FETCH envelopes of {size:,}", "messages/s", "fetch",
                  {"items": "envelopes", "times": max(1, times // 2)}, per="message", **common, **bars(1.5, 3))
        yield Row(f"bodies-{size}", group, f"FETCH bodies of {size:,}", "MB/s", "fetch",
                  {"items": "bodies", "messages": min(size, 2000 if quick else 10_000)}, figure="mb_per_second",
                  per="message", **common, **bars(1.5, 3))
        for kind, title in LOOKED:
            load, _, by = kind.partition("-")
            options, where = {"by": by} if by else {}, f"{'in' if load == 'search' else 'of'} {size:,}"
            looked = {"figure": "p50_ms", "better": LESS, **common}
            if kind in FIRST:
                yield Row(f"{kind}-first-{size}", group, f"{title}, first, {where}", "ms", load,
                          {**options, "times": 1}, fresh=True, **looked)
            more = bars(1.5, 10) if kind == "search" else {}
            yield Row(f"{kind}-{size}", group, f"{title} {where}, p50", "ms", load,
                      {**options, "times": max(2, min(5, 30_000 // size))}, **looked, **more)
        yield Row(f"store-{size}", group, f"STORE +FLAGS, -FLAGS of {size:,}", "messages/s", "store",
                  {"times": max(1, min(3, 20_000 // size))}, per="message", **common)
        yield Row(f"expunge-{size}", group, f"EXPUNGE of {size:,}", "messages/s", "expunge", {"times": 1},
                  per="message", is_whole=False, **common)
        yield Row(f"select-warm-{size}", group, f"SELECT of {size:,}, warm, p50", "ms", "select", {"times": 20},
                  figure="p50_ms", better=LESS, **common, **bars(3, 20))
        yield Row(f"select-cold-{size}", group, f"SELECT of {size:,}, cold", "ms", "select", {"times": 1},
                  figure="p50_ms", better=LESS, cold=True, **common, **bars(1, 3))


def pause(number):
    """What another user's session waits for while each command runs on a filled mailbox, by its number."""
    return Row("pause", "Pauses", "the longest wait of another session", "ms", "pause", first=number, figure="p99_ms",
               better=LESS)


def sessions(quick):
    yield Row("log-on", "Sessions", "log-ons with TLS, 8 at a time", "/s", "log-on",
              {"sessions": 8, "seconds": 3 if quick else 8}, tls=True, first=8, per="log-on")
    yield Row("idle", "Sessions", "memory of an idle TLS session", "kB", "hold", {"sessions": 150 if quick else 400},
              figure="memory", better=LESS, tls=True, first=8, bar=20, goal=60)
    yield Row("pop3", "Sessions", "POP3 download of 500, 4 at a time", "MB/s", "download",
              {"sessions": 4, "messages": 500}, figure="mb_per_second", first=0, per="session")


def relays(quick):
    for domains in (1, 8) if quick else (1, 8, 64):
        yield Row(f"relay-{domains}", "Relay", f"relay to {domains} destinations, 32 sessions", "/s", "relay",
                  {"sessions": 32, "messages": 800 if quick else 3000, "domains": domains},
                  bar=2, goal=5, per="message")
