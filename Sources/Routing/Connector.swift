// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import MailTypes

/// A way out of this server: for which domains, by which hosts, when, and how protected.
package struct Connector: Sendable, Hashable {
    /// 1 to 32 letters, digits, hyphens or dots.
    package var name: String
    /// A connector that is switched off keeps its mail waiting.
    package var isEnabled = true
    package var spaces: [AddressSpace]
    /// None: each domain's own servers.
    package var smartHosts: [SmartHost] = []
    package var security = OutboundSecurity.may
    /// The hosts speak TLS from the first octet (port 465).
    package var usesImplicitTLS = false
    /// Whom to log on as; the password is in the `CredentialVault`.
    package var user: String?
    /// Our address towards IPv4 hosts; `nil` for what the system chooses.
    package var sourceIPv4: String?
    package var sourceIPv6: String?
    /// What we call ourselves; `nil` for the host name.
    package var heloName: String?
    /// When mail may leave.
    package var schedule = Schedule.always
    /// Octets above which a message waits for hours of its own; `nil` for no bound.
    package var oversizeAbove: UInt64?
    package var oversizeSchedule = Schedule.always
    package var restrictions = Restrictions()
    /// Mail waits until somebody asks for it (ETRN, RFC 1985).
    package var isHeld = false
    /// Accounts that may fetch what is held (ATRN, RFC 2645).
    package var relayUsers: [MailboxAddress] = []
    /// Transactions at a time with each of its destinations; `nil`: as for all.
    package var connections: Int?
    /// Where mail is left as files, instead of being sent; an absolute path.
    package var dropFolder: String?

    package init(_ name: String, spaces: [AddressSpace]) {
        self.name = name
        self.spaces = spaces
    }

    /// When mail of any size may leave, in words that are others when that is changed; empty for always.
    package var hours: String {
        guard schedule != .always || oversizeSchedule != .always else { return "" }
        return "\(schedule); \(oversizeAbove.map(String.init) ?? "-"): \(oversizeSchedule)"
    }

    /// Whether the domain is one of this server's by this connector: its mail is taken from everybody.
    ///
    /// Never by an address space for all domains, which would make an open relay of any mistake.
    package func owns(_ domain: Domain) -> Bool {
        dropFolder != nil && spaces.contains { $0.pattern != .any && $0.pattern.matches(domain) }
    }

    /// The closest of its spaces that has the domain, and of equals the cheapest.
    func space(for domain: Domain) -> AddressSpace? {
        spaces.filter { $0.pattern.matches(domain) }
            .max { ($0.pattern.closeness, -$0.cost) < ($1.pattern.closeness, -$1.cost) }
    }
}
