// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
internal import Runtime
package import Settings

/// What a further SMTP listener is for.
package enum SMTPListenerKind: String, Sendable, Hashable, SettingValue {
    case receive
    case submission
    /// With TLS from the first octet (RFC 8314 §3.3).
    case submissions
    case lmtp

    package static var settingTypeName: String { "receive | submission | submissions | lmtp" }
    package init?(settingText: String) { self.init(rawValue: settingText) }
    package var settingText: String { rawValue }
}

/// Settings of SMTP listeners beyond the four that are always there.
package enum SMTPListenerSettings {
    package static let listen = SettingKey(
        "smtp/listen",
        default: [String](),
        allowed: "addresses with ports, such as 192.0.2.1:2525, [2001:db8::1]:2525",
        where: { $0.allSatisfy { ListeningAddress($0) != nil } },
        live: false,
        perInstance: true,
        help:
            "For instances from 5 on (smtp/5/listen): addresses of a further listener, whose service, certificate, limits and networks are smtp/5/... too; service/port-base is added to its ports. Instances 1 to 4 are those of port 25, 587, 465 and LMTP."
    )
    package static let service = SettingKey(
        "smtp/service",
        default: SMTPListenerKind.receive,
        live: false,
        perInstance: true,
        help: "What a further listener (smtp/5/listen) is for."
    )
    package static let certificateFile = SettingKey(
        "smtp/certificate-file",
        default: "",
        live: false,
        perInstance: true,
        help:
            "Certificate chain (PEM) of one listener; empty for service/certificate-file. Relative to the data folder."
    )
    package static let keyFile = SettingKey(
        "smtp/key-file",
        default: "",
        live: false,
        perInstance: true,
        help: "Private key (PEM) of smtp/certificate-file."
    )

    package static let requestsCertificate = SettingKey(
        "smtp/request-client-certificate",
        default: false,
        live: false,
        perInstance: true,
        help: "Whether clients of one submission listener are asked for a certificate, as "
            + "imap/request-client-certificate says."
    )

    static let all: [SettingDeclaration] = [
        listen.declaration, service.declaration, certificateFile.declaration, keyFile.declaration,
        requestsCertificate.declaration,
    ]
}

/// `192.0.2.1:2525` or `[2001:db8::1]:2525`.
package struct ListeningAddress: Sendable, Hashable {
    package let host: String
    package let port: UInt16

    package init?(_ text: String) {
        guard let colon = text.lastIndex(of: ":"),
            let port = Decimal.parse(text[text.index(after: colon)...].utf8, maximum: 65_535), port > 0
        else { return nil }
        var host = String(text[..<colon])
        let isBracketed = host.hasPrefix("[") && host.hasSuffix("]")
        if isBracketed { host = String(host.dropFirst().dropLast()) }
        guard SocketAddress(host: host, port: 0) != nil, isBracketed == host.contains(":") else { return nil }
        (self.host, self.port) = (host, UInt16(port))
    }

    /// With `service/port-base` added; `nil` when that is beyond all ports.
    func socketAddress(_ settings: SettingsSnapshot) -> SocketAddress? {
        UInt16(exactly: Int(port) + settings[ServiceSettings.portBase]).flatMap { SocketAddress(host: host, port: $0) }
    }
}

extension ListenerDefinition {
    /// Instances of the listeners that are always there.
    private static let fixed: Set<String> = ["1", "2", "3", "4"]
    /// Further listeners that one server has.
    private static let maximumFurther = 64

    /// The SMTP listeners that settings add, in the order of their names.
    package static func further(_ settings: SettingsSnapshot) -> [ListenerDefinition] {
        let instances = settings.texts.keys.compactMap { path -> String? in
            let parts = path.split(separator: "/").map(String.init)
            guard parts.count == 3, parts[0] == "smtp", parts[2] == "listen", !fixed.contains(parts[1]) else {
                return nil
            }
            return settings[SMTPListenerSettings.listen, instance: parts[1]].isEmpty ? nil : parts[1]
        }
        return instances.sorted().prefix(maximumFurther).map { instance in
            let kind = settings[SMTPListenerSettings.service, instance: instance]
            return ListenerDefinition(instance: instance, hasImplicitTLS: kind == .submissions)
        }
    }

    /// Where a further listener listens.
    func addresses(_ settings: SettingsSnapshot) -> [ListeningAddress] {
        guard let instance else { return [] }
        return settings[SMTPListenerSettings.listen, instance: instance].compactMap(ListeningAddress.init)
    }
}
