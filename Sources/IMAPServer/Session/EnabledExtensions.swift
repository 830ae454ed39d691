// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import IMAPWire
internal import Runtime

/// What a client has switched on, until the connection is over (RFC 5161 §3.1).
struct EnabledExtensions: OptionSet, Hashable {
    let rawValue: UInt8

    /// Mod-sequences are told (RFC 7162 §3.1).
    static let condstore = EnabledExtensions(rawValue: 1)
    /// UIDs that are gone are told instead of sequence numbers (RFC 7162 §3.2.3).
    ///
    /// Comes with `condstore`.
    static let qresync = EnabledExtensions(rawValue: 2)
    /// RFC 9051 where it is not RFC 3501: ESEARCH for SEARCH, no RECENT and no \Recent, names in UTF-8.
    static let imap4rev2 = EnabledExtensions(rawValue: 4)

    /// Mailbox names and quoted strings in UTF-8 (RFC 6855 §3).
    static let utf8Accept = EnabledExtensions(rawValue: 8)
    /// Messages have UIDs and no numbers (RFC 9586 §3).
    static let uidOnly = EnabledExtensions(rawValue: 16)

    /// What goes over the connection is compressed (RFC 4978 §3).
    static let deflate = EnabledExtensions(rawValue: 32)

    /// The client is told of nothing that it does not ask for: what it has asked for with NOTIFY, another back-end knew
    /// (RFC 5465 §5.8).
    static let silence = EnabledExtensions(rawValue: 64)

    /// What only a front-end enables.
    static let ofFrontEnd: EnabledExtensions = [.deflate, .silence]

    /// What ENABLE takes, by the name in upper case and as it is told.
    private static let names: [(word: String, told: String, extensions: EnabledExtensions)] = [
        ("CONDSTORE", "CONDSTORE", .condstore),
        ("QRESYNC", "QRESYNC", [.qresync, .condstore]),
        ("IMAP4REV2", "IMAP4rev2", .imap4rev2),
        // From a front-end that has begun compression with another back-end.
        ("MARTLET-DEFLATE", "MARTLET-DEFLATE", .deflate),
        ("MARTLET-NOTIFY", "MARTLET-NOTIFY", .silence),
        ("MARTLET-SILENCE", "MARTLET-SILENCE", .silence),
        ("UIDONLY", "UIDONLY", .uidOnly),
        ("UTF8=ACCEPT", "UTF8=ACCEPT", .utf8Accept),
    ]

    /// What a name stands for; `nil` for what cannot be enabled.
    static func named(_ word: String) -> (told: String, extensions: EnabledExtensions)? {
        names.first { $0.word == word }.map { ($0.told, $0.extensions) }
    }

    var textForm: TextForm { isDisjoint(with: [.imap4rev2, .utf8Accept]) ? .modifiedUTF7 : .utf8 }

    /// Whether what is gone is told by UID.
    var tellsVanished: Bool { !isDisjoint(with: [.qresync, .uidOnly]) }
}

extension IMAPSession {
    /// Has mod-sequences told from here on, if they are not yet: a command asked for them without ENABLE.
    func enableModSeqs() {
        guard !enabled.contains(.condstore) else { return }
        enable(.condstore)
        // Another back-end that takes the session over has to know, and the commands do not say.
        if configuration.isBehindFrontEnd { connection.write("* MARTLET-ENABLED CONDSTORE\r\n") }
    }

    /// Switches on; a client with a mailbox learns what its mod-sequence is (RFC 7162 §3.1.3, example 8).
    func enable(_ extensions: EnabledExtensions) {
        let isNew = extensions.contains(.condstore) && !enabled.contains(.condstore)
        enabled.formUnion(extensions)
        if extensions.contains(.silence) { notifications = Notifications() }
        guard isNew, let view else { return }
        send(.untagged(StatusResponse(.ok, .highestModSeq(view.toldModSeq), "Highest")))
    }
}
