// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import Events
package import Settings

/// Settings of the event log.
///
/// They stand here because the log and the settings know nothing of one another.
package enum EventLogSettings {
    package static let maximumSize = SettingKey(
        "events/maximum-size",
        default: ByteCount.mebibytes(16),
        in: .kibibytes(64) ... .gibibytes(4),
        help: "The size at which the event log is put aside and begun anew."
    )
    package static let keep = SettingKey(
        "events/keep",
        default: 8,
        in: 0...1000,
        help: "How many event logs that were put aside are kept."
    )
    package static let level = SettingKey(
        "events/level",
        default: "information",
        allowed: "error | warning | notice | information",
        where: { EventLevel(rawValue: $0) != nil },
        help: "Events of this weight and above are logged; refused log-ons are notices."
    )
    package static let journal = SettingKey(
        "events/journal",
        default: true,
        help: "Whether systemd's journal, where it runs, gets every event too."
    )
}

/// Settings of the tracking log.
package enum TrackingSettings {
    package static let enabled = SettingKey(
        "tracking/enabled",
        default: true,
        classic: ["imc/MessageTracking"],
        help: "Whether the steps in the life of each message are kept for \"martlet track\"."
    )
    package static let keep = SettingKey(
        "tracking/keep",
        default: Duration.seconds(30 * 86_400),
        in: .seconds(3600)...(.seconds(3660 * 86_400)),
        help: "How long the steps in the lives of messages are kept."
    )
    package static let maximumSize = SettingKey(
        "tracking/maximum-size",
        default: ByteCount.gibibytes(1),
        in: .mebibytes(1) ... .gibibytes(1024),
        help: "Octets of the tracking log of all processes; the oldest files are deleted first."
    )
}

package let adminAPISettings: [SettingDeclaration] = [
    TrackingSettings.enabled.declaration, TrackingSettings.keep.declaration, TrackingSettings.maximumSize.declaration,
    EventLogSettings.maximumSize.declaration, EventLogSettings.keep.declaration, EventLogSettings.level.declaration,
    EventLogSettings.journal.declaration,
]

extension EventLogOptions {
    package init(_ settings: SettingsSnapshot, echoes: Bool = false) {
        self.init()
        maximumOctets = settings[EventLogSettings.maximumSize].octets
        filesKept = settings[EventLogSettings.keep]
        level = EventLevel(rawValue: settings[EventLogSettings.level]) ?? .information
        usesJournal = settings[EventLogSettings.journal]
        self.echoes = echoes
    }
}

extension TrackingOptions {
    package init(_ settings: SettingsSnapshot) {
        self.init()
        isOn = settings[TrackingSettings.enabled]
        keptSeconds = settings[TrackingSettings.keep].components.seconds
        maximumOctets = settings[TrackingSettings.maximumSize].octets
    }
}

extension EventLog {
    /// Keeps the log's options as the settings say, from now on.
    package func follow(_ settings: LiveSettings, echoes: Bool = false) {
        settings.observe { self.replace(options: EventLogOptions($0, echoes: echoes)) }
    }
}
