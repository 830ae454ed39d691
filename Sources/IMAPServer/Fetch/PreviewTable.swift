// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Locking
package import MailTypes

/// Previews that were made, for whoever asks next: clients of one account show the same messages, and each asks for
/// itself.
///
/// Shared by the sessions of a process. What is in it was made of octets that were whole, and a message never changes;
/// so nothing is ever wrong, and what is not there is made.
package final class PreviewTable: Sendable {
    /// A message: what has a UID in a mailbox stays what it is.
    package struct Key: Hashable, Sendable {
        var account: AccountID
        var mailbox: MailboxID
        var uid: UID

        package init(_ account: AccountID, _ mailbox: MailboxID, _ uid: UID) {
            self.account = account
            self.mailbox = mailbox
            self.uid = uid
        }
    }

    /// Two generations: when the young one is full it becomes the old one, and what nobody asked for in the meantime is
    /// gone.
    private struct State {
        var young: [Key: [UInt8]] = [:]
        var old: [Key: [UInt8]] = [:]
        var octets = 0
    }

    /// About what an entry takes beside its octets.
    private static let entryOctets = 100

    private let state = Lock(State())
    private let maximum: Int

    /// - Parameter maximum: octets of previews that are kept, 2 MiB unless told.
    package init(maximum: Int = 2 << 20) { self.maximum = maximum }

    /// What was kept for a message; `nil` when there is none.
    package func preview(of key: Key) -> [UInt8]? {
        state.withLock { state in
            if let preview = state.young[key] { return preview }
            guard let preview = state.old.removeValue(forKey: key) else { return nil }
            keep(preview, key, &state)
            return preview
        }
    }

    /// Keeps what was made of octets that were all there.
    package func keep(_ preview: [UInt8], of key: Key) {
        state.withLock { keep(preview, key, &$0) }
    }

    private func keep(_ preview: [UInt8], _ key: Key, _ state: inout State) {
        guard state.young.updateValue(preview, forKey: key) == nil else { return }
        state.octets += preview.count + Self.entryOctets
        guard state.octets > maximum / 2 else { return }
        state.old = state.young
        state.young = [:]
        state.octets = 0
    }
}
