// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Runtime
internal import SMTPWire
package import Settings

/// Who is told about addresses.
package enum AddressDisclosure: String, Sendable, Hashable, SettingValue {
    case nobody
    /// Users who have logged on, and trusted networks.
    case users
    case everybody

    package static var settingTypeName: String { "nobody | users | everybody" }
    package init?(settingText: String) { self.init(rawValue: settingText) }
    package var settingText: String { rawValue }
}

extension SMTPSettings {
    static let networks = "addresses and networks, such as 192.0.2.0/24, 2001:db8::/32"

    package static let trustedNetworks = SettingKey(
        "smtp/trusted-networks",
        default: [String](),
        allowed: networks,
        where: { $0.allSatisfy { IPNetwork($0) != nil } },
        perInstance: true,
        help:
            "Clients that are no strangers: they may use VRFY and ETRN. They may relay only if smtp/relay-networks says so."
    )
    package static let futureRelease = SettingKey(
        "smtp/future-release",
        default: Duration.seconds(365 * 86_400),
        in: .zero...(.seconds(3650 * 86_400)),
        perInstance: true,
        help:
            "On submission, the longest time that a message is kept before it is sent (FUTURERELEASE); 0s for not at all."
    )
    package static let minimumDeliverBy = SettingKey(
        "smtp/minimum-deliver-by",
        default: Duration.seconds(60),
        in: .seconds(1)...(.seconds(86_400)),
        perInstance: true,
        help: "On submission, the shortest time in which a message may have to be delivered or given back (DELIVERBY)."
    )
    package static let highestPriority = SettingKey(
        "smtp/highest-priority",
        default: 9,
        in: -9...9,
        perInstance: true,
        help: "On submission, the highest priority that a client may ask for (MT-PRIORITY); 4 and more is urgent."
    )
    package static let noSoliciting = SettingKey(
        "smtp/no-soliciting",
        default: [String](),
        allowed: "keywords such as net.example:ADV",
        where: { $0.count <= 20 && $0.allSatisfy { SolicitationKeyword($0) != nil } },
        perInstance: true,
        help: "Labels of advertising that is refused with 550 5.7.1 (NO-SOLICITING). None by default."
    )
    package static let verify = SettingKey(
        "smtp/verify",
        default: AddressDisclosure.nobody,
        perInstance: true,
        help: "Who is told by VRFY whether an address exists; the others get 252, which says nothing."
    )
    package static let expand = SettingKey(
        "smtp/expand",
        default: AddressDisclosure.nobody,
        perInstance: true,
        help: "Who is told by EXPN whom an address stands for; the others get 502."
    )
    package static let queueNetworks = SettingKey(
        "smtp/etrn-networks",
        default: [String](),
        allowed: networks,
        where: { $0.allSatisfy { IPNetwork($0) != nil } },
        perInstance: true,
        help:
            "Clients that may ask for the mail that waits for a domain (ETRN), besides trusted networks. None by default."
    )
}
