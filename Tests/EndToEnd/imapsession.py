# Copyright the Martlet authors
# SPDX-License-Identifier: Apache-2.0
"""One of the sessions of imapstress.py: does what it likes, and holds each response against what it knows."""
import random
import time

from imapview import View, check
from strictimap import StrictClient, as_set, numbers

SYSTEM = ["\\Answered", "\\Flagged", "\\Deleted", "\\Seen", "\\Draft"]
KEYWORDS = ["$one", "$two", "Three", "four"]


class Session:
    def __init__(self, server, address, kind, ledger, seed):
        self.server, self.address, self.kind, self.ledger = server, address, kind, ledger
        self.random = random.Random(seed)
        self.has_modseqs = "condstore" in kind or "qresync" in kind
        self.by_uid = "qresync" in kind
        self.history = []
        self.client = None
        self.saved = None
        self.connect()

    # -- a connection

    def connect(self, cache=None):
        self.client = StrictClient(self.server).log_on(self.address)
        if self.random.random() < 0.3:
            self.client.compress()
        names = [name for name, wanted in (("CONDSTORE", "condstore" in self.kind), ("QRESYNC", self.by_uid),
                                           ("IMAP4rev2", "rev2" in self.kind)) if wanted]
        if names:
            check(self.client.enable(*names) == names, f"not all enabled of {names}")
        self.select(cache)

    def select(self, cache=None):
        command = "SELECT INBOX"
        if cache:
            validity, highest, known = cache
            uids = self.random.choice(["", f" {as_set(known)}"]) if known else ""
            command += f" (QRESYNC ({validity} {highest}{uids}))"
        self.note(command)
        untagged, last = self.client.ok(command)
        self.view = View(self.ledger, self.has_modseqs, self.by_uid)
        self.saved = None
        codes = {response.code[0]: response.code[1:] for response in untagged if response.code}
        check(last.code_is("READ-WRITE"), "not READ-WRITE")
        check(any(r.kind == "RECENT" for r in untagged) == ("rev2" not in self.kind), "RECENT is of rev1 alone")
        check(any(r.kind == "LIST" for r in untagged) == ("rev2" in self.kind), "LIST is of rev2 alone")
        self.validity, self.view.highest = int(codes["UIDVALIDITY"][0]), int(codes["HIGHESTMODSEQ"][0])
        count = next(r.number for r in untagged if r.kind == "EXISTS")
        if cache:
            self.resynchronize(cache, count, [r for r in untagged if r.kind in ("VANISHED", "FETCH")], is_whole=not uids)
        else:
            self.view.exists(count)
            self.look()

    def resynchronize(self, cache, count, differences, is_whole):
        """Takes in what is different; a client that said which UIDs it knows is told of those alone."""
        known = dict(cache[2])
        for response in differences:
            if response.kind == "VANISHED":
                check(response.data[1], "VANISHED in SELECT without EARLIER")
                for uid in response.data[0]:
                    known.pop(uid, None)
                self.ledger.lose(response.data[0])
            else:
                known[response.data["UID"]] = (response.data["FLAGS"], response.data["MODSEQ"])
        uids = sorted(known)
        check(len(uids) == count or not is_whole and len(uids) < count, f"{count} EXISTS and {len(uids)} are known")
        for response in differences:
            if response.kind == "FETCH":
                check(uids[response.number - 1] == response.data["UID"], "a number that is not its UID's")
        self.view.uids = uids + [None] * (count - len(uids))
        self.view.flags = {uid: flags for uid, (flags, _) in known.items()}
        self.view.modseq = {uid: modseq for uid, (_, modseq) in known.items()}
        highest = self.view.highest
        # What is there now, but for what has changed since.
        for number, items in self.fetched("UID FETCH 1:* (FLAGS MODSEQ)"):
            uid, modseq = items["UID"], items["MODSEQ"]
            if modseq <= highest and (is_whole or uid in known):
                check(known.get(uid) == (items["FLAGS"], modseq),
                      lambda: f"UID {uid} is {sorted(items['FLAGS'])} at {modseq}, and known as {known.get(uid)}")
        self.ledger.count("resynchronized")

    def cache(self):
        """What a client keeps: only what it has been told to the end (RFC 7162 §6)."""
        known = {uid: (self.view.flags[uid], self.view.modseq[uid]) for uid in self.view.known() if uid in self.view.flags}
        return self.validity, self.view.highest, known

    # -- commands

    def note(self, command):
        self.history.append(str(command)[:3000])
        del self.history[:-30]

    def do(self, command, may_expunge=True, may_fail=False, expected=None):
        """Runs a command and takes in what it tells; gives the untagged responses and the tagged one."""
        self.note(command)
        *untagged, last = self.client.run(command)
        self.note(f"  -> {[*untagged, last]}")
        check(last.kind == "OK" or may_fail and last.kind == "NO", lambda: f"{command!r}: {last}")
        if expected:
            expected(untagged, last)
        self.take(untagged, may_expunge, asked="FETCH" in str(command))
        self.settle([*untagged, last])
        return untagged, last

    def take(self, untagged, may_expunge, asked=False):
        for response in untagged:
            if response.kind in ("EXPUNGE", "VANISHED") and not (response.kind == "VANISHED" and response.data[1]):
                check(may_expunge, "numbers have to stand still here")
            if response.kind == "EXISTS":
                self.view.exists(response.number)
            elif response.kind == "EXPUNGE":
                self.view.expunge(response.number)
            elif response.kind == "VANISHED" and not response.data[1]:
                self.view.vanish(response.data[0])
            elif response.kind == "FETCH":
                check(asked or not self.has_modseqs or "MODSEQ" in response.data, "a change without MODSEQ")
                self.view.fetch(response.number, response.data)

    def settle(self, responses):
        """HIGHESTMODSEQ as RFC 7162 §6 has a client count it."""
        told = [int(r.code[1]) for r in responses if r.code_is("HIGHESTMODSEQ")]
        seen = [r.data["MODSEQ"] for r in responses if r.kind == "FETCH" and "MODSEQ" in r.data]
        if told:
            self.view.highest = told[-1]
        elif seen:
            self.view.highest = max(self.view.highest, *seen)

    def fetched(self, command):
        """The FETCH responses of a command that is no other's, in order."""
        self.note(command)
        *untagged, last = self.client.run(command)
        check(last.kind == "OK", lambda: f"{command!r}: {last}")
        found = [(r.number, r.data) for r in untagged if r.kind == "FETCH"]
        self.take(untagged, True, asked=True)
        self.settle([*untagged, last])
        return found

    def look(self):
        """Learns of what is not known yet."""
        if None in self.view.uids:
            first = self.view.uids.index(None) + 1
            items = "UID FLAGS MODSEQ" if self.has_modseqs else "UID FLAGS"
            self.do(f"FETCH {first}:* ({items})", may_expunge=False)
            if None in self.view.uids:
                self.look()

    def some(self, least=1):
        """A few messages, as numbers or UIDs: (words in front, set, uids)."""
        known = self.view.known()
        if not known:
            return None
        count = min(len(known), self.random.choice([1, 1, 2, 3, 8]))
        uids = sorted(self.random.sample(known, max(count, least)))
        if self.random.random() < 0.5:
            return "UID ", as_set(uids), uids
        return "", as_set(self.view.number(uid) for uid in uids), uids

    def step(self):
        self.look()
        kinds = [self.append] * 4 + [self.store] * 8 + [self.expunge, self.uid_expunge, self.copy, self.move] \
            + [self.append_several, self.replace, self.sort] \
            + [self.fetch] * 3 + [self.search] * 3 + [self.save, self.noop, self.idle, self.status, self.reselect]
        if self.has_modseqs:
            kinds += [self.conditional] * 3 + [self.changed_since] * 2
        if self.by_uid:
            kinds += [self.reconnect]
        act = self.random.choice(kinds)
        if len(self.view.uids) > 60:
            act = self.random.choice([self.expunge, self.move, self.store, act])
        elif len(self.view.uids) < 5:
            act = self.append
        act()
        self.ledger.count(act.__name__)

    def message(self):
        return f"Subject: {self.random.random()}\r\n\r\nbody {self.random.random()}\r\n".encode()

    def append_several(self):
        texts = [self.message() for _ in range(self.random.randrange(2, 5))]
        command = b"APPEND INBOX " + b" ".join(b"{%d+}\r\n%s" % (len(text), text) for text in texts)
        _, last = self.do(command)
        uids = numbers(last.code[2])
        check(len(uids) == len(texts), lambda: f"APPENDUID: {last}")
        for uid, text in zip(uids, texts):
            self.ledger.make(uid, text)

    def replace(self):
        chosen = self.some()
        if not chosen:
            return
        uid, text = chosen[2][0], self.message()
        name = f"UID REPLACE {uid}" if chosen[0] else f"REPLACE {self.view.number(uid)}"
        command = name.encode() + b" INBOX (\\Seen) {%d+}\r\n%s" % (len(text), text)
        untagged, last = self.do(command, may_fail=True)
        if last.kind == "NO":
            return check(last.code_is("NONEXISTENT"), lambda: f"REPLACE: {last}")
        new, = (numbers(response.code[2]) for response in untagged if response.code_is("APPENDUID"))
        self.ledger.make(new[0], text)
        check(uid not in self.view.uids, "replaced, and still there")

    def append(self):
        text = self.message()
        # Never \\Deleted: another session could expunge it before anyone knows its UID.
        flags = self.random.sample(SYSTEM[:2] + KEYWORDS, self.random.randrange(3))
        command = b"APPEND INBOX (%s) {%d+}\r\n%s" % (" ".join(flags).encode(), len(text), text)
        _, last = self.do(command)
        check(last.code_is("APPENDUID") and int(last.code[1]) == self.validity, lambda: f"no APPENDUID: {last}")
        self.ledger.make(int(last.code[2]), text)

    def store(self, since=None):
        chosen = self.some()
        if not chosen:
            return
        words, text, uids = chosen
        mode, silent = self.random.choice(["", "+", "+", "-"]), self.random.choice(["", ".SILENT"])
        flags = frozenset(self.random.sample(SYSTEM + KEYWORDS, self.random.randrange(1, 4)))
        self.begun = time.monotonic()
        condition = f" (UNCHANGEDSINCE {since})" if since is not None else ""
        command = f"{words}STORE {text}{condition} {mode}FLAGS{silent} ({' '.join(sorted(flags))})"
        _, last = self.do(
            command, may_expunge=bool(words), may_fail=True,
            expected=lambda untagged, last: self.stored(words, uids, mode, silent, flags, since, untagged, last))
        if last.kind == "NO" or last.code_is("EXPUNGEISSUED"):
            # Which of the messages are gone is told now.
            self.do("NOOP")

    def stored(self, words, uids, mode, silent, flags, since, untagged, last):
        self.ledger.stored(self, uids, self.begun)
        modified = set()
        if last.code_is("MODIFIED"):
            check(since is not None, "MODIFIED of a STORE without condition")
            named = numbers(last.code[1])
            modified = set(named if words else (self.view.uids[number - 1] for number in named))
            check(modified <= set(uids), "MODIFIED names others")
        if last.kind == "NO":
            check(last.code and last.code[0] in ("EXPUNGEISSUED", "MODIFIED") and not words, lambda: f"STORE: {last}")
        for uid in uids:
            stale = since is not None and self.view.modseq.get(uid, 0) > since
            if stale and uid not in modified:
                check(last.kind == "NO" or words or last.code_is("EXPUNGEISSUED"), f"UID {uid} was changed after {since} and not refused")
        told = {}
        for response in untagged:
            if response.kind in ("EXPUNGE", "VANISHED", "EXISTS"):
                # What follows is others' doing, in other numbers.
                break
            if response.kind != "FETCH" or response.number in told:
                continue
            told[response.number] = response.data
            uid = self.view.uids[response.number - 1]
            if uid in uids and uid not in modified and "FLAGS" in response.data and not silent:
                now = response.data["FLAGS"]
                good = {"+": flags <= now, "-": not flags & now, "": flags == now}[mode]
                if not good:
                    what = f"UID {uid} is {sorted(now)} after {mode}FLAGS {sorted(flags)}"
                    self.ledger.suspect(self, uid, self.begun, what)
        for uid in uids:
            if uid in modified or uid not in self.view.flags:
                continue
            known = self.view.flags[uid]
            if silent and not (last.kind == "NO" and last.code_is("EXPUNGEISSUED")):
                self.view.flags[uid] = {"+": known | flags, "-": known - flags, "": flags}[mode]
            if not silent and last.kind == "OK" and not words:
                check(self.view.number(uid) in told, f"no answer for UID {uid}")

    def conditional(self):
        known = list(self.view.modseq.values())
        if known:
            self.store(since=self.random.choice([self.view.highest, max(known), self.random.choice(known)]))

    def expunge(self):
        deleted = {uid for uid in self.view.known() if "\\Deleted" in self.view.flags.get(uid, ())}
        before = set(self.view.known())
        _, last = self.do("EXPUNGE")
        self.gone(before, deleted, last)

    def uid_expunge(self):
        chosen = self.some()
        if chosen:
            before = set(self.view.known())
            _, last = self.do(f"UID EXPUNGE {as_set(chosen[2])}")
            self.gone(before, {uid for uid in chosen[2] if uid not in self.view.uids}, last)

    def gone(self, before, deleted, last):
        left = before - set(self.view.known())
        if left and self.by_uid:
            check(last.code_is("HIGHESTMODSEQ"), lambda: f"no HIGHESTMODSEQ: {last}")

    def copy(self):
        chosen = self.some()
        if chosen:
            words, text, uids = chosen
            _, last = self.do(f"{words}COPY {text} INBOX", may_fail=True)
            self.copied(uids, last.code, last)

    def copied(self, uids, code, last):
        if not code or code[0] != "COPYUID":
            return
        source, target = numbers(code[2]), numbers(code[3])
        check(len(source) == len(target) and set(source) <= set(uids), lambda: f"COPYUID: {last}")
        for old, new in zip(source, target):
            self.ledger.make(new, self.ledger.made.get(old), is_copy=True)

    def move(self):
        chosen = self.some()
        if chosen:
            words, text, uids = chosen
            untagged, last = self.do(f"{words}MOVE {text} Archive", may_fail=True)
            for response in untagged:
                if response.code_is("COPYUID"):
                    moved = numbers(response.code[2])
                    check(not set(moved) & set(self.view.known()), "moved, and still there")
                    self.ledger.lose(moved)

    def fetch(self):
        chosen = self.some()
        if not chosen:
            return
        words, text, uids = chosen
        items = self.random.choice(["FLAGS", "(UID FLAGS)", "(FLAGS BODY.PEEK[])", "(ENVELOPE RFC822.SIZE)",
                                    "(UID BODY[TEXT])", "(BINARY.PEEK[1] BINARY.SIZE[1])"])
        before, begun = {uid: self.view.flags[uid] for uid in uids}, time.monotonic()

        def expected(untagged, last):
            # BODY[TEXT] sets \\Seen.
            self.ledger.stored(self, uids, begun)
            # A message that others have expunged stays readable until that is told.
            answers = [r for r in untagged if r.kind == "FETCH"][:len(uids)]
            check([self.view.uids[r.number - 1] for r in answers] == uids, "not those that were asked for, in order")
            for response, uid in zip(answers, uids):
                check("FLAGS" not in response.data or response.data["FLAGS"] == before[uid],
                      lambda: f"UID {uid} is {response.data}, and known as {before[uid]}")
                whole = response.data.get("BODY[]")
                # Of a copy that was made before its message was known, the text is not known.
                known = self.ledger.made.get(uid)
                check(None in (whole, known) or whole == known, lambda: f"UID {uid} is {whole}, and was {known}")
                if "BINARY[1]" in response.data:
                    check(len(response.data["BINARY[1]"]) == response.data["BINARY.SIZE[1]"], "not as many as counted")
        self.do(f"{words}FETCH {text} {items}", may_expunge=bool(words), expected=expected)

    def changed_since(self):
        known = list(self.view.modseq.values())
        since = self.random.choice(known) if known else self.view.highest
        changed = [uid for uid in self.view.uids if self.view.modseq.get(uid, 0) > since]
        vanished = " VANISHED" if self.by_uid and self.random.random() < 0.5 else ""

        def expected(untagged, last):
            found = [r.data["UID"] for r in untagged if r.kind == "FETCH"][:len(changed)]
            check(found == changed, lambda: f"changed since {since}: {found}, known {changed}")
            for response in untagged:
                if response.kind == "VANISHED" and response.data[1]:
                    check(not set(response.data[0]) & set(self.view.known()), "EARLIER, and still numbered")
        self.do(f"UID FETCH 1:* (FLAGS) (CHANGEDSINCE {since}{vanished})", expected=expected)

    def search(self, returned=None):
        flag = self.random.choice(SYSTEM + KEYWORDS)
        key = flag[1:].upper() if flag.startswith("\\") else f"KEYWORD {flag}"
        wants = self.random.random() < 0.5
        if not wants:
            key = "NOT " + key
        words = self.random.choice(["", "UID "])
        found = [uid for uid in self.view.uids if (flag in self.view.flags[uid]) == wants]
        answer = found if words else [self.view.number(uid) for uid in found]
        options = self.random.choice([None, "", "ALL", "COUNT", "MIN MAX", "MIN COUNT ALL"])

        def expected(untagged, last):
            if options is None and "rev2" not in self.kind:
                results = [r.data for r in untagged if r.kind == "SEARCH"]
                check(results == [answer], lambda: f"{key}: {results}, known {answer}")
                return
            result, = (r.data for r in untagged if r.kind == "ESEARCH")
            check(result["TAG"] == last.tag and result["UID"] == bool(words), lambda: f"another's result: {result}")
            parts = (options or "ALL").split()
            whole = {"ALL": answer, "COUNT": len(answer), "MIN": answer[:1], "MAX": answer[-1:]}
            for part in ("ALL", "COUNT", "MIN", "MAX"):
                told = [result[part]] if part in ("MIN", "MAX") and part in result else result.get(part)
                wanted = whole[part] if part in parts and (answer or part == "COUNT") else None
                check(told == wanted, lambda: f"{key} RETURN ({options}): {result}, known {answer}")
        text = "" if options is None else f"RETURN ({options}) "
        self.do(f"{words}SEARCH {text}{key}", may_expunge=bool(words), expected=expected)

    def sort(self):
        """By size, which never changes: two orders of the same messages, each the other backwards but for ties."""
        sizes = {}

        def sized(untagged, last):
            sizes.update({r.data["UID"]: r.data["RFC822.SIZE"] for r in untagged
                          if r.kind == "FETCH" and "RFC822.SIZE" in r.data})
        self.do("UID FETCH 1:* (UID RFC822.SIZE)", expected=sized)
        known = [uid for uid in self.view.uids if uid in sizes]
        for reverse in (False, True):
            wanted = [uid for uid in self.view.uids if uid in known]

            def expected(untagged, last):
                result, = (r.data for r in untagged if r.kind == "SORT")
                order = sorted(wanted, key=lambda uid: -sizes[uid] if reverse else sizes[uid])
                check([uid for uid in result if uid in wanted] == order, lambda: f"{result}, and wanted {order}")
            self.do(f"UID SORT ({'REVERSE ' if reverse else ''}SIZE) UTF-8 ALL", expected=expected)

    def save(self):
        flag = self.random.choice(SYSTEM)
        found = [uid for uid in self.view.uids if flag in self.view.flags[uid]]
        self.do(f"SEARCH RETURN (SAVE) {flag[1:].upper()}", may_expunge=False)
        for _ in range(2):
            left = [uid for uid in found if uid in self.view.uids]

            def expected(untagged, last):
                answers = [r for r in untagged if r.kind == "FETCH"][:len(left)]
                check([r.data["UID"] for r in answers] == left, lambda: f"$ is {answers}, known {left}")
            self.do("UID FETCH $ (UID)", expected=expected)

    def noop(self):
        self.do(self.random.choice(["NOOP", "CHECK"]))

    def status(self):
        self.do("STATUS Archive (MESSAGES UIDNEXT)")

    def idle(self):
        tag = self.client.begin("IDLE")
        self.note("IDLE")
        while (response := self.client.response()).kind != "+":
            check(response.tag == "*", lambda: f"IDLE: {response}")
            self.take([response], True)
        time.sleep(self.random.random() * 0.05)
        self.client.send(b"DONE\r\n")
        *untagged, last = self.client.end(tag)
        check(last.kind == "OK", lambda: f"IDLE: {last}")
        self.take(untagged, True)
        self.settle([*untagged, last])

    def reselect(self):
        if self.random.random() < 0.5:
            self.note("UNSELECT")
            self.client.ok("UNSELECT")
        self.select(self.cache() if self.by_uid and self.random.random() < 0.7 else None)

    def reconnect(self):
        cache = self.cache()
        if self.random.random() < 0.3:
            self.client.ok("LOGOUT")
        self.client.close()
        self.note("-- reconnect")
        self.connect(cache)

    # -- at rest

    def state(self, there):
        """What it knows when nobody does anything; `there` is what there is."""
        self.do("NOOP")
        self.look()
        return [(uid, self.view.flags[uid]) for uid in self.view.uids]
