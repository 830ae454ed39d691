# Copyright the Martlet authors
# SPDX-License-Identifier: Apache-2.0
"""What a mail store has promised, and whether it has kept it.

Knows nothing of the store: it is told what was asked, what was answered and when, and what is there afterwards.
A change that was asked and not answered may have happened or not, but wholly; every answered one has.
"""
import collections
import copy

SEEN, ANSWERED, FLAGGED, DELETED, DRAFT = 1, 2, 4, 8, 16


class Message:
    """One message in one mailbox: its UID (None when nobody was told yet), its digest and its flags."""
    __slots__ = ("uid", "digest", "flags")

    def __init__(self, uid, digest, flags):
        self.uid, self.digest, self.flags = uid, digest, flags

    def __repr__(self):
        return f"uid {self.uid} flags {sorted(map(str, self.flags))}"


def flags_of(text):
    """The set of flags in "5,work": system flags as bits, then keywords."""
    system, *keywords = text.split(",")
    return frozenset([bit for bit in (1, 2, 4, 8, 16) if int(system) & bit] + [word.lower() for word in keywords])


def numbers(text):
    """The numbers in "1,3:5"."""
    found = []
    for part in text.split(","):
        low, _, high = part.partition(":")
        if part:
            found += range(int(low), int(high or low) + 1)
    return found


class Contents:
    """What accounts hold at one moment, as a dump or a client says it."""

    def __init__(self):
        self.messages = collections.defaultdict(list)    # (account, mailbox): [(uid, token, digest, whole, flags)]
        self.mailboxes = {}                              # (account, mailbox): (uidvalidity, uidnext, highestmodseq)
        self.time = 0                                    # when all of this was said

    @classmethod
    def parse(cls, lines):
        """From the lines G and U of a log; the rest of the lines; and whether all was said."""
        contents = cls()
        for index, line in enumerate(lines):
            kind, _, rest = line.partition(" ")
            if kind == "G":
                account, mailbox, uid, token, digest, whole, flags, *_ = rest.split(" ")
                contents.messages[account, mailbox].append((int(uid), token, digest, whole == "1", flags_of(flags)))
            elif kind == "U":
                account, mailbox, *values = rest.split(" ")
                contents.mailboxes[account, mailbox] = tuple(int(value) for value in values[:3])
            elif kind == "R":
                contents.time = int(rest)
                return contents, lines[index + 1:], True
            elif line:
                break
        return contents, [], False


class Ledger:
    def __init__(self):
        self.boxes = collections.defaultdict(dict)       # (account, mailbox): {token: Message}
        self.digests = {}                                # token: digest
        self.asked = {}                                  # number: words of a change that was not answered
        self.seen = collections.defaultdict(set)         # (account, mailbox): UIDs that another session saw
        self.owners = collections.defaultdict(dict)      # (account, mailbox): {uid: token}, ever
        self.gone = collections.defaultdict(set)         # (account, mailbox): UIDs that were to leave
        self.torn = collections.defaultdict(set)         # (account, mailbox): UIDs that a cut left in pieces
        self.validity = {}
        self.modseq = collections.defaultdict(int)
        self.counts = collections.Counter()
        self.problems = []

    def copy(self):
        """As it is now; what is told to one is not told to the other."""
        other = Ledger()
        other.boxes = collections.defaultdict(dict, {key: dict(box) for key, box in self.boxes.items()})
        other.digests = dict(self.digests)
        other.asked = dict(self.asked)
        for name in ("seen", "gone", "torn"):
            setattr(other, name, collections.defaultdict(set, {k: set(v) for k, v in getattr(self, name).items()}))
        other.owners = collections.defaultdict(dict, {key: dict(value) for key, value in self.owners.items()})
        other.validity, other.modseq = dict(self.validity), copy.copy(self.modseq)
        return other

    def problem(self, kind, text):
        self.counts[kind] += 1
        if len(self.problems) < 50:
            self.problems.append(f"{kind}: {text}")

    # -- being told

    def tell(self, lines, until=None):
        """Takes lines I, A, E, L and S; with `until`, only what became true before this time."""
        for line in lines:
            words = line.split(" ")
            if words[0] == "S":
                if len(words) == 5 and (until is None or int(words[1]) < until):
                    self.seen[words[2], words[3]].update(numbers(words[4]))
                continue
            if words[0] not in "IAEL" or len(words) < 4:
                continue
            if until is not None and int(words[2]) >= until:
                continue
            if words[0] == "I":
                self.ask(words[1], words[3:])
            elif words[0] == "A":
                self.answered(words[1], [word for word in words[3:] if word])
            elif words[0] == "L":
                self.located(words[1], words[3], words[4], int(words[5]))
            else:
                self.refused(words[1], words[3])

    def ask(self, number, words):
        operation, account, mailbox = words[:3]
        if operation in "DP":
            self.digests[words[3]] = words[4]
        if operation == "M":
            self.gone[account, mailbox].update(numbers(words[4]))
        if operation == "X":
            self.gone[account, mailbox].update(numbers(words[3]))
        self.asked[number] = words

    def refused(self, number, code):
        """The store said no; it may still be found to have happened."""
        self.counts["refused " + code] += 1

    def answered(self, number, words):
        asked = self.asked.pop(number)
        self.counts["acknowledged"] += 1
        self.counts["acknowledged " + {"D": "deliveries", "P": "appends", "F": "flag changes", "M": "moves",
                                       "Y": "copies", "X": "expunges"}[asked[0]]] += 1
        if asked[0] in "DP":
            validity, uid, duplicate = (int(word) for word in words) if words else (None, None, 0)
            if duplicate:
                self.counts["answered as stored before"] += 1
                message = self.boxes[asked[1], asked[2]].get(asked[3])
                if message is None or message.uid != uid:
                    self.problem("wrong answer", f"{asked[3]} is said to be UID {uid}, is {message}")
                return
            if validity is not None:
                self.check_validity(asked[1], asked[2], validity)
            self.apply(asked, {None: uid})
        elif asked[0] in "MY":
            pairs = dict(tuple(int(n) for n in pair.split(":")) for pair in "".join(words).split(",") if pair)
            wanted = numbers(asked[4])
            if sorted(pairs) != wanted:
                self.problem("wrong answer", f"{asked} was answered with {words}")
            self.apply(asked, pairs)
        else:
            self.apply(asked, {})

    def located(self, account, mailbox, token, uid):
        """A client has found a message that it had delivered without being told its UID."""
        message = self.boxes[account, mailbox].get(token)
        if message is not None and message.uid in (None, uid):
            message.uid = uid
            self.own(account, mailbox, uid, token)
        else:
            self.problem("wrong answer", f"{token} is found as UID {uid}, is {message}")

    # -- what changes do

    def apply(self, words, uids):
        operation, account, mailbox = words[:3]
        box = self.boxes[account, mailbox]
        if operation in "DP":
            flags = flags_of(words[5]) if operation == "P" else frozenset()
            if words[3] in box:
                self.problem("duplicate", f"{words[3]} in {mailbox} was acknowledged twice")
            box[words[3]] = Message(uids.get(None), words[4], flags)
            self.own(account, mailbox, uids.get(None), words[3])
            return
        named = set(numbers(words[-1]))
        chosen = [token for token, message in box.items() if message.uid in named]
        for token in chosen:
            message = box[token]
            if operation == "F":
                box[token] = Message(message.uid, message.digest, self.changed(message.flags, words[3], words[4]))
            elif operation == "X":
                del box[token]
            else:
                uid = uids.get(message.uid)
                self.boxes[account, words[3]][token] = Message(uid, message.digest, message.flags)
                self.own(account, words[3], uid, token)
                if operation == "M":
                    del box[token]

    @staticmethod
    def changed(flags, mode, change):
        change = flags_of(change)
        return {"add": flags | change, "remove": flags - change, "replace": change}[mode]

    def own(self, account, mailbox, uid, token):
        if uid is None:
            return
        owner = self.owners[account, mailbox].setdefault(uid, token)
        if owner != token:
            self.problem("UID reused", f"{uid} of {account} {mailbox} was {owner}, is {token}")

    def check_validity(self, account, mailbox, validity):
        if self.validity.setdefault((account, mailbox), validity) != validity:
            self.problem("UIDVALIDITY changed", f"of {account} {mailbox} from {self.validity[account, mailbox]}")
            self.validity[account, mailbox] = validity

    # -- the reckoning

    def reckon(self, contents):
        """Compares what is there with what was promised, and goes on from what is there."""
        there = {}
        self.torn_now = collections.Counter()
        for key, messages in contents.messages.items():
            found = there[key] = {}
            for uid, token, digest, whole, flags in messages:
                self.counts["read and compared"] += 1
                if not whole and self.is_torn(key, uid, token):
                    continue
                if not whole or digest != self.digests.get(token, digest):
                    self.problem("damaged", f"{token} in {key}, UID {uid}")
                if token in found:
                    self.problem("duplicate", f"{token} in {key}: UIDs {found[token].uid} and {uid}")
                found[token] = Message(uid, digest, flags)
                self.own(*key, uid, token)
        for number, words in sorted(self.asked.items(), key=lambda item: int(item[0])):
            self.settle(words, there)
        self.asked.clear()
        for key in set(self.boxes) | set(there):
            self.compare(key, self.boxes.get(key, {}), there.get(key, {}))
        self.check_mailboxes(contents, there)
        self.boxes = collections.defaultdict(dict, there)

    def is_torn(self, key, uid, token):
        """Whether a damaged message is what a cut has left of one that was never acknowledged."""
        if uid in self.torn[key]:
            return True
        open_ones = [words[3] for words in self.asked.values() if words[0] in "DP" and tuple(words[1:3]) == key]
        if token in self.boxes[key] or len(open_ones) <= self.torn_now[key]:
            return False
        self.torn_now[key] += 1
        self.torn[key].add(uid)
        self.own(*key, uid, f"torn {uid}")
        self.counts["unanswered and torn"] += 1
        return True

    def settle(self, words, there):
        """Whether a change that was not answered has happened; if so it is taken as made."""
        operation, account, mailbox = words[:3]
        box, found = self.boxes[account, mailbox], there.get((account, mailbox), {})
        self.counts["unanswered"] += 1
        if operation in "DP":
            if words[3] in found and words[3] not in box:
                self.counts["unanswered and done"] += 1
                self.apply(words, {None: found[words[3]].uid})
            return
        named = set(numbers(words[-1]))
        chosen = {token: box[token] for token in box if box[token].uid in named}
        if operation == "F":
            done = all(token in found and found[token].flags == self.changed(message.flags, words[3], words[4])
                       for token, message in chosen.items())
        elif operation == "X":
            done = not any(token in found for token in chosen)
        else:
            target = there.get((account, words[3]), {})
            done = all(token in target for token in chosen)
        if done:
            self.counts["unanswered and done"] += 1
            target = there.get((account, words[3]), {}) if operation in "MY" else {}
            self.apply(words, {m.uid: target[token].uid for token, m in chosen.items() if token in target})

    def compare(self, key, promised, found):
        for token in promised.keys() - found.keys():
            self.problem("lost", f"{token} of {key}, {promised[token]}")
        for token in found.keys() - promised.keys():
            kind = "came back" if found[token].uid in self.gone[key] else "nobody's"
            self.problem(kind, f"{token} in {key}, {found[token]}")
        for token in promised.keys() & found.keys():
            one, other = promised[token], found[token]
            if one.uid is not None and one.uid != other.uid:
                self.problem("UID changed", f"{token} of {key}: {one.uid}, now {other.uid}")
            if one.flags != other.flags:
                self.problem("flags lost", f"{token} of {key}: {one}, now {other}")

    def check_mailboxes(self, contents, there):
        for (account, mailbox), (validity, uid_next, modseq) in contents.mailboxes.items():
            self.check_validity(account, mailbox, validity)
            highest = max(self.owners[account, mailbox], default=0)
            if uid_next <= highest:
                self.problem("UID reused", f"UIDNEXT of {account} {mailbox} is {uid_next}, {highest} was given out")
            if modseq < self.modseq[account, mailbox]:
                self.problem("mod-sequence fell", f"{account} {mailbox}: {self.modseq[account, mailbox]}, now {modseq}")
            self.modseq[account, mailbox] = modseq
        for key in set(self.boxes) - set(contents.mailboxes):
            if self.boxes[key]:
                self.problem("lost", f"mailbox {key}")
        for key, seen in self.seen.items():
            present = {message.uid for message in there.get(key, {}).values()}
            for uid in seen - present - self.gone[key] - self.torn[key]:
                self.problem("lost", f"UID {uid} of {key}, which another session had seen")
            seen.clear()

    def unanswered_deliveries(self):
        """Tokens of deliveries whose outcome nobody knows: their sender tries again."""
        return [words[3] for words in self.asked.values() if words[0] == "D"]

    # -- telling

    BAD = ("lost", "duplicate", "UID reused", "UID changed", "UIDVALIDITY changed", "flags lost", "came back",
           "nobody's", "damaged", "mod-sequence fell", "wrong answer")

    def verdict(self):
        """How often each promise was broken."""
        return {kind: self.counts[kind] for kind in self.BAD}

    def table(self):
        rows = [(kind, number) for kind, number in sorted(self.counts.items()) if kind not in self.BAD]
        return "\n".join(f"{kind:32} {number:>12,}" for kind, number in rows + list(self.verdict().items()))

    def passed(self):
        return not any(self.verdict().values())
