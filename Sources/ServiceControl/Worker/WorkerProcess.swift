// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
package import Events
internal import Glibc
internal import Locking
internal import Runtime
package import Settings

/// The main of a worker process: takes what was handed down, builds the role, serves until told to stop.
package enum WorkerProcess {
    /// Runs the worker and returns its exit code.
    ///
    /// - Parameters:
    ///   - tree: every setting there is.
    ///   - makeEvents: opens the instance's event log under the name of this worker.
    ///   - build: builds the role and starts its listeners; runs on the worker's main loop.
    package static func run(
        _ inheritance: WorkerInheritance,
        tree: SettingsTree,
        makeEvents: @escaping @Sendable (InstanceLayout, String, LiveSettings) -> EventRecorder,
        build: @escaping @Sendable (WorkerContext) async throws -> RunningRole
    ) -> Int32 {
        raiseDescriptorLimit()
        ignoreTerminalSignals()
        for descriptor in WorkerInheritance
            .controlDescriptor..<(WorkerInheritance.firstSocket + Int32(inheritance.sockets.count))
        {
            closeOnExec(descriptor)
        }
        let name = "\(inheritance.role.rawValue)-\(inheritance.index)"
        return EventLoop.runBlocking(name: name) { loop in
            let layout = InstanceLayout(data: inheritance.data)
            let file = SettingsFile(dataFolder: layout.data, tree: tree)
            let settings = LiveSettings(file.load().snapshot)
            let board = BreadcrumbBoard(fd: WorkerInheritance.boardDescriptor)
            let context = WorkerContext(
                inheritance: inheritance,
                layout: layout,
                loop: loop,
                settings: settings,
                events: makeEvents(layout, name, settings),
                breadcrumbs: Breadcrumbs(board: board),
                setAside: SetAsideItems(SuspectList(encoded: Files.read(layout.setAsideFile) ?? []).setAside),
                control: ServiceControlClient(fd: WorkerInheritance.controlDescriptor)
            )
            if let board {
                board.reportCrashesFromACopy()
                board.beat()
                loop.every(.milliseconds(500)) { if context.sideLoops.allTurn() { board.beat() } }
            }
            keepTracking(context)
            let code = await serve(context, file, build)
            await BlockingPool.shared.run { context.events.tracking?.close() }
            return code
        }
    }

    /// Has the tracking log written several times a second, on a thread that may wait for the disk.
    private static func keepTracking(_ context: WorkerContext) {
        guard let tracking = context.events.tracking else { return }
        let isWriting = Lock(false)
        let loop = context.loop
        loop.every(.milliseconds(200)) {
            guard !isWriting.withLock({ $0 }) else { return }
            isWriting.withLock { $0 = true }
            Task(executorPreference: loop) {
                let lost = await BlockingPool.shared.run { tracking.flush() }
                isWriting.withLock { $0 = false }
                if lost > 0 { context.events.record(.trackingLost, ["tracking.count": .count(lost)]) }
            }
        }
    }

    private static func serve(
        _ context: WorkerContext,
        _ file: SettingsFile,
        _ build: @Sendable (WorkerContext) async throws -> RunningRole
    ) async -> Int32 {
        let role: RunningRole
        do {
            role = try await build(context)
        } catch {
            let cause = (error as? any CustomDebugStringConvertible)?.debugDescription ?? String(describing: error)
            context.events.record(.workerCannotServe, ["error": .string(cause)])
            return 75
        }
        context.control.sayReady()
        await obey(context, file)
        // Sessions that will not end are ended with the process, by service control's clock.
        await role.drain()
        context.control.close()
        return 0
    }

    /// Takes messages until told to stop, or until service control is gone.
    private static func obey(_ context: WorkerContext, _ file: SettingsFile) async {
        let connection = Connection(fd: WorkerInheritance.controlDescriptor, loop: context.loop, peer: .unix)
        connection.idleTimeout = .seconds(1 << 32)
        while let line = try? await connection.readLine(maximum: ControlMessage.maximumOctets) {
            switch ControlMessage(line: line.bytes) {
            case .stop: return
            case .settingsChanged:
                let previous = context.settings.current
                let fresh = await BlockingPool.shared.run { file.load(previous: previous).snapshot }
                context.settings.replace(with: fresh)
            case .setAside(let items): context.setAside.insert(items)
            case .reply(let id, let result): context.control.take(reply: id, result)
            case .refusal(let id, let reason): context.control.take(refusal: id, reason)
            case .ready, .request, nil: continue
            }
        }
        // Without service control nobody would start this worker again or take its sockets: do not linger.
        context.events.record(.workerOrphaned)
        context.loop.every(.seconds(2)) { exit(0) }
    }

    /// Ctrl-C reaches the whole process group; service control decides what it means.
    private static func ignoreTerminalSignals() {
        signal(SIGINT, SIG_IGN)
        signal(SIGHUP, SIG_IGN)
    }

    private static func closeOnExec(_ descriptor: Int32) { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
}
