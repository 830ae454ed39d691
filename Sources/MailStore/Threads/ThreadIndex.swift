// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import MailTypes

/// Which thread a message-id belongs to, as far as an account remembers: the last 8,192 ids that were seen at least,
/// and twice as many at most.
package struct ThreadIndex: Sendable, Hashable {
    package static let generation = 8192

    /// Ids are digests, as in `ThreadKeys`.
    private(set) var recent: [UInt64: ThreadID] = [:]
    private(set) var older: [UInt64: ThreadID] = [:]

    init() {}

    init(recent: [UInt64: ThreadID], older: [UInt64: ThreadID]) {
        self.recent = recent
        self.older = older
    }

    package subscript(_ key: UInt64) -> ThreadID? { recent[key] ?? older[key] }

    /// Notes that these ids belong to a thread, unless they are known to belong to one.
    mutating func add(_ keys: [UInt64], _ thread: ThreadID) {
        for key in keys where recent[key] == nil {
            if recent.count >= Self.generation { (older, recent) = (recent, [:]) }
            recent[key] = older[key] ?? thread
        }
    }
}
