// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import MailTypes
package import Settings

/// Settings of service control itself, and of the listeners whose sockets it binds.
package enum ServiceSettings {
    package static let portBase = SettingKey(
        "service/port-base",
        default: 0,
        in: 0...64_000,
        live: false,
        help: "Added to every listener's port, so that an instance runs without privilege or beside another server."
    )
    package static let addresses = SettingKey<[String]>(
        "service/addresses",
        default: ["*"],
        allowed: "numeric addresses, or * for all",
        where: { $0.allSatisfy { $0 == "*" || !$0.contains(" ") } },
        live: false,
        help: "Addresses on which clients and other servers are listened to."
    )
    package static let internalAddresses = SettingKey<[String]>(
        "service/internal-addresses",
        default: ["127.0.0.1", "::1"],
        allowed: "numeric addresses, or * for all",
        live: false,
        help: "Addresses of listeners that take mail without asking who brings it (LMTP)."
    )
    package static let user = SettingKey(
        "service/user",
        default: "auto",
        live: false,
        help:
            "User to become after the ports are bound when started as root; auto takes martlet where that user exists."
    )
    package static let hostName = SettingKey(
        "service/host-name",
        default: "",
        allowed: "a domain, or empty",
        where: { $0.isEmpty || Domain($0) != nil },
        live: false,
        help: "What this server calls itself in greetings and trace fields; empty takes the system's host name."
    )
    package static let maximumConnections = SettingKey(
        "service/maximum-connections",
        default: 100_000,
        in: 1...10_000_000,
        live: false,
        help: "Connections that one listener of one worker serves at a time; more are refused with a reply."
    )
    package static let certificateFile = SettingKey(
        "tls/certificate-file",
        default: "",
        live: false,
        help:
            "PEM file with the certificate and its chain; empty takes keys/server.crt. Changed content is taken up by itself."
    )
    package static let keyFile = SettingKey(
        "tls/key-file",
        default: "",
        live: false,
        help: "PEM file with the private key; empty takes keys/server.key. Changed content is taken up by itself."
    )
    package static let clientAuthoritiesFile = SettingKey(
        "tls/client-authorities-file",
        default: "",
        live: false,
        help: "PEM file with the authorities whose certificates prove who a client is, for listeners that ask for them "
            + "(imap/request-client-certificate and its like). Relative to the data folder. Changed content is taken "
            + "up by itself."
    )
    package static let imapRequestsCertificate = SettingKey(
        "imap/request-client-certificate",
        default: false,
        live: false,
        help:
            "Whether IMAP clients are asked for a certificate, with which they log on by SASL EXTERNAL. Who has none, "
            + "or one that tls/client-authorities-file does not vouch for, logs on in another way."
    )
    package static let pop3RequestsCertificate = SettingKey(
        "pop3/request-client-certificate",
        default: false,
        live: false,
        help: "Whether POP3 clients are asked for a certificate, as imap/request-client-certificate says."
    )
    package static let hangTimeout = SettingKey<Duration>(
        "service/hang-timeout",
        default: .seconds(20),
        in: .seconds(2)...Duration.seconds(3600),
        help: "A worker whose main loop stands still for so long is ended and started again."
    )
    package static let drainTime = SettingKey<Duration>(
        "service/drain-time",
        default: .seconds(10),
        in: .seconds(1)...Duration.seconds(3600),
        help: "How long a worker that is to stop may take to finish what it has begun."
    )
    package static let recovery = SettingKey<RecoveryPolicy>(
        "service/recovery",
        default: .standard,
        perInstance: true,
        classic: ["scm/Recovery"],
        help:
            "What is done when a worker fails: restart after pauses, counting anew after a quiet time, with a breaker."
    )
    package static let frontEndWorkers = SettingKey(
        "frontend/workers",
        default: 1,
        in: 1...64,
        live: false,
        help: "Front-end processes. Each holds a share of the client sessions."
    )
    package static let backEndWorkers = SettingKey(
        "backend/workers",
        default: 1,
        in: 1...64,
        live: false,
        help: "Back-end processes, over which accounts are divided. Fixed when the instance first starts."
    )
    package static let transportWorkers = SettingKey(
        "transport/workers",
        default: 1,
        in: 1...64,
        live: false,
        help: "Transport processes that receive mail."
    )
    package static let transferMode = SettingKey<TransferMode>(
        "transport/mode",
        default: .both,
        classic: ["imc/TransferMode"],
        help: "Which way mail goes: both, inbound (queue rests), outbound or flush (nothing new is taken in)."
    )
    package static let drillEnabled = SettingKey(
        "drill/enabled",
        default: false,
        help:
            "Lets drills harm this instance on purpose: martlet drill, and messages that trap the worker that parses them."
    )
    package static let drillPoison = SettingKey(
        "drill/poison-subject",
        default: "",
        help: "With drill/enabled: a message whose header contains this text traps the worker that parses it."
    )
}

package let serviceControlSettings: [SettingDeclaration] =
    [
        ServiceSettings.portBase.declaration, ServiceSettings.addresses.declaration,
        ServiceSettings.internalAddresses.declaration, ServiceSettings.user.declaration,
        ServiceSettings.hostName.declaration, ServiceSettings.maximumConnections.declaration,
        ServiceSettings.certificateFile.declaration, ServiceSettings.keyFile.declaration,
        ServiceSettings.clientAuthoritiesFile.declaration, ServiceSettings.imapRequestsCertificate.declaration,
        ServiceSettings.pop3RequestsCertificate.declaration,
        ServiceSettings.hangTimeout.declaration, ServiceSettings.drainTime.declaration,
        ServiceSettings.recovery.declaration, ServiceSettings.backEndWorkers.declaration,
        ServiceSettings.frontEndWorkers.declaration,
        ServiceSettings.transportWorkers.declaration, ServiceSettings.transferMode.declaration,
        ServiceSettings.drillEnabled.declaration,
        ServiceSettings.drillPoison.declaration,
    ] + ListenerDefinition.all.map(\.portKey.declaration)
    + ListenerDefinition.all.map(\.proxyKey.declaration) + SMTPListenerSettings.all
