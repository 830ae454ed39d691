// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import IMAPWire
internal import MailStore
internal import MailTypes
internal import MessageFormat

/// A search key made ready: sets are places in the view, texts are folded, what is cheap comes first.
struct SearchCriterion {
    struct SentTest {
        var comparison: SearchKey.DateComparison
        var day: CalendarDate

        func holds(_ date: CalendarDate?) -> Bool { date.map { comparison.holds($0, day) } ?? false }
    }

    /// Terms from 0 on are those of `terms`; -1 is the first of `sentTests`, and so on.
    private(set) var query = TextQuery.all([])
    private(set) var terms: [MessageSearch.Term] = []
    /// What asks for the Date field, which is in a message's cached structure.
    private(set) var sentTests: [SentTest] = []

    /// `now`: seconds since 1970, for OLDER and YOUNGER.
    init(_ key: SearchKey, in view: MailboxView, now: Int64) { query = make(key, view, now) }

    func sentTest(_ term: Int) -> SentTest? {
        let number = -1 - term
        return sentTests.indices.contains(number) ? sentTests[number] : nil
    }

    private mutating func make(_ key: SearchKey, _ view: MailboxView, _ now: Int64) -> TextQuery {
        switch key {
        case .all, .saveDateSupported: return .all([])
        case .and(let keys): return .all(sorted(keys, view, now))
        case .or(let first, let second): return .any(sorted([first, second], view, now))
        case .not(let key): return .not(make(key, view, now))
        case .body(let value): return term(value, .body)
        case .text(let value): return term(value, .text)
        case .header(let name, let value): return term(value, .header(String(decoding: name, as: UTF8.self)))
        case .date(.sent, let comparison, let day):
            sentTests.append(SentTest(comparison: comparison, day: day))
            return .term(-sentTests.count)
        case .sequence(let set): return Self.places(view.existingIndices(of: set, .sequence))
        case .uid(let set): return Self.places(view.existingIndices(of: set, .uid))
        case .uidAfter(let uid): return Self.known(view) { $0.uid > uid }
        case .uidBefore(let uid): return Self.known(view) { $0.uid < uid }
        case .recent: return .any([])
        case .emailID(let id): return Self.known(view) { $0.email.description == id }
        case .threadID(let id): return Self.known(view) { $0.thread.description == id }
        case .flag, .keyword, .date, .larger, .modSeq, .smaller, .older, .younger: return Self.entry(key, view, now)
        }
    }

    /// What is known without reading comes first.
    private mutating func sorted(_ keys: [SearchKey], _ view: MailboxView, _ now: Int64) -> [TextQuery] {
        let made = keys.map { make($0, view, now) }
        return made.filter(\.isKnown) + made.filter { !$0.isKnown }
    }

    /// A client's text, as UTF-8; other octets are looked for as they would be shown.
    private mutating func term(_ value: [UInt8], _ scope: MessageSearch.Scope) -> TextQuery {
        let term = MessageSearch.Term(SearchNeedle(String(decoding: value, as: UTF8.self)), in: scope)
        if let number = terms.firstIndex(of: term) { return .term(number) }
        terms.append(term)
        return .term(terms.count - 1)
    }

    private static func places(_ ranges: [Range<Int>]) -> TextQuery {
        .known { index in
            var (low, high) = (0, ranges.count)
            while low < high {
                let middle = (low + high) / 2
                if ranges[middle].upperBound <= index { low = middle + 1 } else { high = middle }
            }
            return low < ranges.count && ranges[low].contains(index)
        }
    }

    private static func entry(_ key: SearchKey, _ view: MailboxView, _ now: Int64) -> TextQuery {
        switch key {
        case .flag(let flag, let isSet): return known(view) { $0.systemFlags.contains(flag) == isSet }
        case .keyword(let keyword, let isSet):
            guard let bit = view.keywords.firstIndex(of: keyword) else { return isSet ? .any([]) : .all([]) }
            return known(view) { ($0.keywordBits >> UInt128(bit) & 1 == 1) == isSet }
        case .date(let field, let comparison, let day):
            return known(view) { entry in
                let date = field == .saved ? MailDate(secondsSince1970: entry.savedSeconds) : entry.internalDate
                return comparison.holds(CalendarDate(of: date), day)
            }
        case .larger(let octets): return known(view) { $0.size > octets }
        case .modSeq(let modSeq): return known(view) { $0.modSeq >= modSeq }
        case .smaller(let octets): return known(view) { $0.size < octets }
        // RFC 5032 §3: within the interval counts as younger.
        case .older(let seconds): return known(view) { $0.internalSeconds <= now - Int64(seconds) }
        case .younger(let seconds): return known(view) { $0.internalSeconds >= now - Int64(seconds) }
        default: return .any([])
        }
    }

    /// Answered by the message's entry.
    private static func known(_ view: MailboxView, _ holds: @escaping @Sendable (MessageEntry) -> Bool) -> TextQuery {
        let messages = view.messages
        return .known { messages.indices.contains($0) && holds(messages[$0]) }
    }
}

extension TextQuery {
    fileprivate var isKnown: Bool {
        switch self {
        case .known: true
        case .term: false
        case .not(let inner): inner.isKnown
        case .all(let inner), .any(let inner): inner.allSatisfy(\.isKnown)
        }
    }

    /// With other queries in the place of terms.
    func replacing(_ term: (Int) -> TextQuery) -> TextQuery {
        switch self {
        case .known: self
        case .term(let number): term(number)
        case .not(let inner): .not(inner.replacing(term))
        case .all(let inner): .all(inner.map { $0.replacing(term) })
        case .any(let inner): .any(inner.map { $0.replacing(term) })
        }
    }
}

extension SearchKey.DateComparison {
    func holds(_ date: CalendarDate, _ day: CalendarDate) -> Bool {
        switch self {
        case .before: date < day
        case .on: date == day
        case .since: date >= day
        }
    }
}

extension SearchKey {
    /// The messages that a search for this has to look at: all but those that it leaves out by number.
    func named(in view: MailboxView) -> [Range<Int>] {
        let all = 0..<view.messages.count
        switch self {
        case .sequence(let set): return view.existingIndices(of: set, .sequence)
        case .uid(let set): return view.existingIndices(of: set, .uid)
        case .uidAfter(let uid):
            let index = view.firstIndex(from: uid)
            return [(view.message(at: index)?.uid == uid ? index + 1 : index)..<all.upperBound]
        case .uidBefore(let uid): return [0..<view.firstIndex(from: uid)]
        case .or(let some, let other): return Self.either(some.named(in: view), other.named(in: view))
        case .and(let keys): return keys.reduce([all]) { Self.common($0, $1.named(in: view)) }
        default: return [all]
        }
    }

    /// What is in one of both, which are ascending; so is that.
    private static func either(_ some: [Range<Int>], _ others: [Range<Int>]) -> [Range<Int>] {
        var either: [Range<Int>] = []
        for range in (some + others).sorted(by: { $0.lowerBound < $1.lowerBound }) where !range.isEmpty {
            if let last = either.last, range.lowerBound <= last.upperBound {
                either[either.count - 1] = last.lowerBound..<max(last.upperBound, range.upperBound)
            } else {
                either.append(range)
            }
        }
        return either
    }

    /// What is in both, which are ascending.
    private static func common(_ some: [Range<Int>], _ others: [Range<Int>]) -> [Range<Int>] {
        var common: [Range<Int>] = []
        var (mine, theirs) = (0, 0)
        while mine < some.count, theirs < others.count {
            let both = some[mine].clamped(to: others[theirs])
            if !both.isEmpty { common.append(both) }
            if some[mine].upperBound < others[theirs].upperBound { mine += 1 } else { theirs += 1 }
        }
        return common
    }
}
