// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import IMAPWire
internal import MailStore
internal import MailTypes

/// A search key made ready: sets are indices of the view, texts are folded, what is cheap comes first.
indirect enum SearchCriterion {
    case all([SearchCriterion])
    case any([SearchCriterion])
    case body(SearchText)
    case constant(Bool)
    /// Answered by the message's entry, given its index.
    case entry((Int, MessageEntry) -> Bool)
    case header(name: String, SearchText)
    case not(SearchCriterion)
    case sent(SearchKey.DateComparison, CalendarDate)
    case text(SearchText)

    /// What it costs to know, in rough steps: memory, header, whole message.
    var cost: Int {
        switch self {
        case .constant, .entry: 0
        case .sent: 1
        case .header: 2
        case .body, .text: 3
        case .not(let inner): inner.cost
        case .all(let inner), .any(let inner): inner.map(\.cost).max() ?? 0
        }
    }
}

extension SearchCriterion {
    /// `now`: seconds since 1970, for OLDER and YOUNGER.
    init(_ key: SearchKey, in view: MailboxView, now: Int64) {
        switch key {
        case .all, .saveDateSupported: self = .constant(true)
        case .and(let keys):
            self = .all(keys.map { SearchCriterion($0, in: view, now: now) }.sorted { $0.cost < $1.cost })
        case .or(let first, let second):
            self = .any([first, second].map { SearchCriterion($0, in: view, now: now) }.sorted { $0.cost < $1.cost })
        case .not(let key): self = .not(SearchCriterion(key, in: view, now: now))
        case .body(let value): self = .body(SearchText(argument: value))
        case .text(let value): self = .text(SearchText(argument: value))
        case .header(let name, let value):
            self = .header(name: String(decoding: name, as: UTF8.self), SearchText(argument: value))
        case .date(.sent, let comparison, let day): self = .sent(comparison, day)
        case .sequence(let set): self = .indices(view.existingIndices(of: set, .sequence))
        case .uid(let set): self = .indices(view.existingIndices(of: set, .uid))
        case .recent: self = .constant(false)
        case .emailID(let id): self = .entry { _, entry in entry.email.description == id }
        case .threadID(let id): self = .entry { _, entry in entry.thread.description == id }
        case .flag, .keyword, .date, .larger, .smaller, .older, .younger: self = .entry(key, view, now)
        }
    }

    private static func indices(_ ranges: [Range<Int>]) -> SearchCriterion {
        .entry { index, _ in
            var (low, high) = (0, ranges.count)
            while low < high {
                let middle = (low + high) / 2
                if ranges[middle].upperBound <= index { low = middle + 1 } else { high = middle }
            }
            return low < ranges.count && ranges[low].contains(index)
        }
    }

    private static func entry(_ key: SearchKey, _ view: MailboxView, _ now: Int64) -> SearchCriterion {
        switch key {
        case .flag(let flag, let isSet): return .entry { _, entry in entry.systemFlags.contains(flag) == isSet }
        case .keyword(let keyword, let isSet):
            guard let bit = view.keywords.firstIndex(of: keyword) else { return .constant(!isSet) }
            return .entry { _, entry in (entry.keywordBits >> UInt128(bit) & 1 == 1) == isSet }
        case .date(let field, let comparison, let day):
            return .entry { _, entry in
                let date = field == .saved ? MailDate(secondsSince1970: entry.savedSeconds) : entry.internalDate
                return comparison.holds(CalendarDate(of: date), day)
            }
        case .larger(let octets): return .entry { _, entry in entry.size > octets }
        case .smaller(let octets): return .entry { _, entry in entry.size < octets }
        // RFC 5032 §3: within the interval counts as younger.
        case .older(let seconds): return .entry { _, entry in entry.internalSeconds <= now - Int64(seconds) }
        case .younger(let seconds): return .entry { _, entry in entry.internalSeconds >= now - Int64(seconds) }
        default: return .constant(false)
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
