// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import IMAPWire
import MailTypes

/// What `fill` puts into a mailbox, by the number of each message from 0, so that whoever reads it knows every answer.
///
/// Messages come in conversations of four: the second and the third answer the first, the fourth answers the third.
/// They were sent in an order that is not that of the mailbox.
enum FilledMailbox {
    private static let conversation = 4
    /// 1 January 2025: all times are some hours around noon, so that no zone makes another day of them.
    private static let noon: Int64 = 1_735_732_800
    private static let day: Int64 = 86_400
    /// Messages that arrived on one day.
    private static let arrivals = 500
    /// Conversations that began on one day.
    private static let beginnings = 100

    static func token(_ number: Int) -> String { "fill-\(number)" }

    // MARK: Conversations

    /// The message that began the conversation.
    static func root(_ number: Int) -> Int { number - number % conversation }

    /// The message that a message answers.
    static func parent(_ number: Int) -> Int? {
        switch number % conversation {
        case 0: nil
        case 3: number - 1
        default: root(number)
        }
    }

    /// Without what answering puts before it.
    private static func baseSubject(_ number: Int) -> String { "Message \(root(number)) of a load" }

    static func subject(_ number: Int) -> String {
        (parent(number) == nil ? "" : "Re: ") + baseSubject(number)
    }

    static func messageID(_ number: Int) -> String { "<\(token(number))@load.example.org>" }

    /// Subject, date and what the message answers, as header fields.
    static func fields(_ number: Int) -> String {
        var ids: [String] = []
        var next = parent(number)
        while let above = next {
            ids.insert(messageID(above), at: 0)
            next = parent(above)
        }
        var fields = "Subject: \(subject(number))\r\nDate: \(sent(number).headerText)\r\n"
        if let last = ids.last {
            fields += "In-Reply-To: \(last)\r\nReferences: \(ids.joined(separator: " "))\r\n"
        }
        return fields
    }

    // MARK: Times and flags

    static func sent(_ number: Int) -> MailDate {
        // Conversations change places within each 512 of them, none takes another's.
        let place = number / conversation ^ 0x155
        let seconds = place % beginnings * 100 + number % conversation * 20
        return MailDate(secondsSince1970: noon + Int64(place / beginnings) * day + Int64(seconds))
    }

    static func arrived(_ number: Int) -> MailDate {
        MailDate(secondsSince1970: noon + Int64(number / arrivals) * day + Int64(number % arrivals))
    }

    static func flags(_ number: Int) -> FlagSet { FlagSet(system: isFlagged(number) ? .flagged : []) }

    static func isFlagged(_ number: Int) -> Bool { number.isMultiple(of: 7) }

    /// Ten days in a row, of those on which messages arrived; `turn` chooses them.
    static func days(_ turn: Int, count: Int) -> (first: MailDate, end: MailDate) {
        let begin = Int64(turn * 37 % max(1, count / arrivals))
        return (
            MailDate(secondsSince1970: noon + begin * day), MailDate(secondsSince1970: noon + (begin + 10) * day)
        )
    }

    // MARK: Answers

    /// Sequence numbers by the time of sending.
    static func byDate(_ count: Int) -> [UInt32] {
        let times: [Int64] = (0..<count).map { sent($0).secondsSince1970 }
        let order = times.indices.sorted { times[$0] < times[$1] }
        return order.map { UInt32($0 + 1) }
    }

    /// Sequence numbers by base subject, and in a conversation by number.
    static func bySubject(_ count: Int) -> [UInt32] {
        let keys: [[UInt8]] = (0..<count).map { Array(baseSubject($0).utf8) }
        let order = keys.indices.sorted { (a: Int, b: Int) -> Bool in
            if keys[a] == keys[b] { return a < b }
            return keys[a].lexicographicallyPrecedes(keys[b])
        }
        return order.map { UInt32($0 + 1) }
    }

    /// The threads as text: each message in parentheses of its own, and those that answer it inside.
    static func threads(_ algorithm: ThreadCommand.Algorithm, count: Int) -> String {
        var answers: [Int: [Int]] = [:]
        for number in 0..<count {
            let own: Int? = number == root(number) ? nil : root(number)
            let above = algorithm == .references ? parent(number) : own
            if let above { answers[above, default: []].append(number) }
        }
        func thread(_ number: Int) -> String {
            let below: [String] = (answers[number] ?? []).map { thread($0) }
            return "(\(number + 1)\(below.joined()))"
        }
        let roots: [Int] = byDate(count).map { Int($0) - 1 }.filter { $0 == root($0) }
        return roots.map { thread($0) }.joined()
    }
}

extension ThreadForest {
    /// As `FilledMailbox.threads` has it.
    var text: String {
        func thread(_ place: Int) -> String {
            let node = nodes[place]
            let number: String = node.number.map { String($0) } ?? ""
            let below: [String] = node.children.map { thread($0) }
            return "(\(number)\(below.joined()))"
        }
        return roots.map { thread($0) }.joined()
    }
}
