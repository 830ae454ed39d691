// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import AdminAPI
internal import AdminRole
internal import BackEndRole
internal import Catalogue
internal import Events
internal import FrontEndRole
internal import ResolverRole
internal import ServiceControl
internal import Settings
internal import TransportRole

/// Which role a worker process takes.
enum Workers {
    /// Runs a worker to its end; returns the exit code.
    static func run(_ inheritance: WorkerInheritance) -> Int32 {
        WorkerProcess.run(inheritance, tree: settingsTree, makeEvents: makeEvents) { context in
            switch inheritance.role {
            case .frontEnd: try await FrontEndRole.build(context)
            case .backEnd: try await BackEndRole.build(context)
            case .transport: try await TransportRole.build(context)
            case .resolver: await ResolverRole.build(context)
            case .admin: try await AdminRole.build(context, settings: settingsTree, events: eventCatalogue)
            }
        }
    }

    /// The instance's event log under the name of this process; and its tracking log; their options follow the settings.
    @Sendable
    static func makeEvents(_ layout: InstanceLayout, _ process: String, _ settings: LiveSettings) -> EventRecorder {
        let log = EventLog(folder: layout.log, process: process, options: EventLogOptions(settings.current))
        settings.observe { log.replace(options: EventLogOptions($0)) }
        let tracking = TrackingLog(
            folder: layout.tracking,
            process: process,
            options: TrackingOptions(settings.current)
        )
        settings.observe { tracking.replace(options: TrackingOptions($0)) }
        return EventRecorder(sink: log, tracking: tracking)
    }
}
