// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import AdminAPI
internal import Events
internal import Locking
internal import ProtocolTrace
internal import Runtime
internal import SMTPServer
internal import ServiceControl
internal import Settings

/// Protocol traces and the log of commands of one worker, which are written behind the sessions.
struct ProtocolLogs: Sendable {
    let traces: ProtocolTraces
    let commands: W3CLog

    init(_ context: WorkerContext) {
        let process = "\(context.inheritance.role.rawValue)-\(context.inheritance.index)"
        let traces = ProtocolTraces(TraceFolder(context.layout.traces), process: process)
        let commands = W3CLog(
            folder: context.layout.commandLogs,
            process: process,
            options: W3CLog.Options(context.settings.current)
        )
        (self.traces, self.commands) = (traces, commands)
        context.settings.observe { commands.replace(options: W3CLog.Options($0)) }
        let isWriting = Lock(false)
        let (loop, events) = (context.loop, context.events)
        loop.every(.milliseconds(500)) {
            guard !isWriting.withLock({ $0 }) else { return }
            isWriting.withLock { $0 = true }
            Task(executorPreference: loop) {
                let over = await BlockingPool.shared.run {
                    commands.flush()
                    return traces.refresh()
                }
                isWriting.withLock { $0 = false }
                for trace in over {
                    events.record(
                        .traceEnded,
                        ["trace.id": .string(trace.id), "trace.subject": .string("\(trace.subject)")]
                    )
                }
            }
        }
    }

    func close() async {
        await BlockingPool.shared.run { [self] in
            commands.flush()
            _ = traces.refresh()
        }
    }
}

extension W3CLog.Options {
    init(_ settings: SettingsSnapshot) {
        self.init()
        isOn = settings[SMTPLogSettings.enabled]
        keptSeconds = settings[SMTPLogSettings.keep].components.seconds
        maximumOctets = settings[SMTPLogSettings.maximumSize].octets
    }
}
