// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import MailTypes

/// Messages that were handed to the log and are not in the state yet: they count for the quota, and begin threads.
struct AppendsUnderWay {
    private(set) var usage = QuotaUsage()
    /// By key, with the number of messages that have it.
    private var threads: [UInt64: (thread: ThreadID, count: Int)] = [:]

    func thread(_ key: UInt64) -> ThreadID? { threads[key]?.thread }

    mutating func begin(_ record: MessageRecord) {
        usage.octets += record.size
        usage.messages += 1
        guard let thread = record.thread else { return }
        for key in record.threadKeys { threads[key, default: (thread, 0)].count += 1 }
    }

    /// It is applied, or has failed.
    mutating func end(_ record: MessageRecord) {
        usage.octets -= record.size
        usage.messages -= 1
        for key in record.threadKeys {
            guard let known = threads[key] else { continue }
            threads[key] = known.count > 1 ? (known.thread, known.count - 1) : nil
        }
    }
}
