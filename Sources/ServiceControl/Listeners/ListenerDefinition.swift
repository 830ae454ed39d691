// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Runtime
package import Settings

/// A port that this server listens on: who serves it, and how it begins.
package struct ListenerDefinition: Sendable, Hashable {
    package let name: String
    package let wellKnownPort: Int
    package let role: WorkerRole
    /// TLS from the first octet (RFC 8314 §3).
    package let hasImplicitTLS: Bool
    /// Bound to `service/internal-addresses` only.
    package let isInternal: Bool
    /// Of a listener that settings add: the instance that it is of `smtp`.
    package let instance: String?

    package static let smtp = ListenerDefinition("smtp", 25, .transport)
    package static let submission = ListenerDefinition("submission", 587, .transport)
    package static let submissions = ListenerDefinition("submissions", 465, .transport, hasImplicitTLS: true)
    package static let lmtp = ListenerDefinition("lmtp", 24, .transport, isInternal: true)
    package static let imap = ListenerDefinition("imap", 143, .frontEnd)
    package static let imaps = ListenerDefinition("imaps", 993, .frontEnd, hasImplicitTLS: true)
    package static let pop3 = ListenerDefinition("pop3", 110, .frontEnd)
    package static let pop3s = ListenerDefinition("pop3s", 995, .frontEnd, hasImplicitTLS: true)

    package static let all = [smtp, submission, submissions, lmtp, imap, imaps, pop3, pop3s]

    private init(
        _ name: String,
        _ port: Int,
        _ role: WorkerRole,
        hasImplicitTLS: Bool = false,
        isInternal: Bool = false
    ) {
        self.name = name
        wellKnownPort = port
        self.role = role
        self.hasImplicitTLS = hasImplicitTLS
        self.isInternal = isInternal
        instance = nil
    }

    /// A listener that settings add.
    init(instance: String, hasImplicitTLS: Bool) {
        name = "smtp-\(instance)"
        wellKnownPort = 0
        role = .transport
        self.hasImplicitTLS = hasImplicitTLS
        isInternal = false
        self.instance = instance
    }

    package var portKey: SettingKey<Int> {
        SettingKey(
            "\(name)/port",
            default: wellKnownPort,
            in: 0...65_535,
            live: false,
            help: "Port of the \(name) listener, before service/port-base is added; 0 for none."
        )
    }

    /// Who speaks for others on this listener, and always says for whom.
    package var proxyKey: SettingKey<[String]> {
        SettingKey(
            "\(instance == nil ? name : "smtp")/proxy-networks",
            default: [],
            allowed: "addresses and networks, such as 192.0.2.0/24, 2001:db8::/32",
            where: { $0.allSatisfy { IPNetwork($0) != nil } },
            perInstance: instance != nil || name == "smtp",
            help:
                "Proxies (load balancers) of the \(name) listener that begin each connection with the PROXY protocol, version 1 or 2; their connections are refused without it."
        )
    }

    /// The port under these settings; `nil` for none.
    package func port(_ settings: SettingsSnapshot) -> UInt16? {
        let port = settings[portKey]
        return port == 0 ? nil : UInt16(exactly: port + settings[ServiceSettings.portBase])
    }
}

/// What a worker process is for.
package enum WorkerRole: String, Sendable, Hashable, CaseIterable {
    case backEnd = "backend"
    case frontEnd = "frontend"
    case transport
    case resolver
    case admin

    /// Octets of the memory that workers of this role share; 0 for none.
    ///
    /// It takes what of it is used. A transport's `ClientTables` must fit.
    var sharedOctets: Int { self == .transport ? 8 << 20 : 0 }
}
