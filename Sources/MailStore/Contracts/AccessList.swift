// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import MailTypes

/// To whom rights are given, or from whom they are taken (RFC 4314 §2).
package struct AccessIdentifier: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// Octets of an identifier, a dash in front counted.
    package static let maximumOctets = 600
    /// The holder that stands for everybody.
    package static let anyone = "anyone"

    /// Whom it stands for: `anyone`, the address of a user, or `$` and the address of a group; in the one form in which
    /// the directory has it.
    package let holder: String
    /// With a dash in front: its rights are taken from the holder, whatever gave them.
    package let isNegative: Bool

    /// `nil` when there is no holder, it is too long, or it has a control character.
    package init?(_ text: String) {
        let isNegative = text.hasPrefix("-")
        self.init(holder: isNegative ? String(text.dropFirst()) : text, isNegative: isNegative)
    }

    /// As `init(_:)`.
    package init?(holder: String, isNegative: Bool) {
        let isPlain = holder.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F }
        guard isPlain, (1..<Self.maximumOctets).contains(holder.utf8.count) else { return nil }
        self.holder = holder
        self.isNegative = isNegative
    }

    /// As it stands in an ACL response.
    package var description: String { (isNegative ? "-" : "") + holder }

    package static func < (a: Self, b: Self) -> Bool { a.description < b.description }
}

/// The rights that others than its owner have to a mailbox; none of them empty.
package typealias AccessList = [AccessIdentifier: MailboxRights]

extension AccessList {
    /// What a user may do whom these holders stand for: all that is given to any of them, less all that is taken from
    /// any.
    package func rights(of holders: Set<String>) -> MailboxRights {
        var (given, taken): (MailboxRights, MailboxRights) = ([], [])
        for (identifier, rights) in self where holders.contains(identifier.holder) {
            if identifier.isNegative { taken.formUnion(rights) } else { given.formUnion(rights) }
        }
        return given.subtracting(taken)
    }

    /// Everybody whom an entry is about.
    package var holders: Set<String> { Set(keys.lazy.map(\.holder)) }

    func changed(by entries: [AccessEntry]) -> AccessList {
        entries.reduce(into: self) { $0[$1.identifier] = $1.rights.isEmpty ? nil : $1.rights }
    }
}

/// The rights of one identifier from here on; without any, its entry goes.
package struct AccessEntry: Sendable, Hashable {
    package var identifier: AccessIdentifier
    package var rights: MailboxRights

    package init(_ identifier: AccessIdentifier, _ rights: MailboxRights) {
        self.identifier = identifier
        self.rights = rights
    }
}

/// What SETACL does to the rights of an identifier (RFC 4314 §3.1).
package struct AccessChange: Sendable, Hashable {
    package enum Mode: Sendable, Hashable { case replace, add, remove }
    package var mode: Mode
    package var rights: MailboxRights

    package init(_ mode: Mode, _ rights: MailboxRights) {
        self.mode = mode
        self.rights = rights
    }

    /// Letters behind `+` to add or `-` to take away, and without either to replace; `nil` when one stands for no right.
    package init?(letters text: String) {
        let mode: Mode =
            switch text.utf8.first {
            case 0x2B: .add
            case 0x2D: .remove
            default: .replace
            }
        guard let rights = MailboxRights(letters: text.utf8.dropFirst(mode == .replace ? 0 : 1)) else { return nil }
        self.init(mode, rights)
    }

    /// The rights that were `rights`, after the change.
    package func result(on rights: MailboxRights) -> MailboxRights {
        switch mode {
        case .replace: self.rights
        case .add: rights.union(self.rights)
        case .remove: rights.subtracting(self.rights)
        }
    }
}

/// Bounds of what an account keeps, all of which is in memory while it is open.
package enum AccessLimits {
    /// Entries of one mailbox: beyond it, a group serves better.
    package static let entries = 200
    /// Entries of all mailboxes of an account: 12 MB of identifiers at their longest.
    package static let accountEntries = 20_000
}

extension MailAccount {
    /// For an account whose mailboxes are its owner's alone.
    package func accessList(of name: MailboxName) async throws(MailStoreError) -> AccessList { [:] }

    /// For an account whose mailboxes are its owner's alone.
    package func accessLists() async throws(MailStoreError) -> [MailboxID: AccessList] { [:] }

    /// For an account whose mailboxes are its owner's alone.
    package func changeAccess(
        to name: MailboxName,
        of identifier: AccessIdentifier,
        _ change: AccessChange
    ) async throws(MailStoreError) {
        throw MailStoreError(.forbidden, "rights cannot be given here")
    }
}
