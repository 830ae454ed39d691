// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
package import Events
internal import Glibc
package import Runtime
package import Settings

/// Starts the workers of an instance, watches over them, and starts them again.
@safe
package actor Supervisor {
    package nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe loop.asUnownedSerialExecutor() }

    let loop: EventLoop
    let layout: InstanceLayout
    let settingsFile: SettingsFile
    let settings: LiveSettings
    let events: EventRecorder
    let environment: [String]
    var slots: [WorkerSlot] = []
    var suspects = SuspectList()
    var isStopping = false
    var settingsStamp: FileStamp?
    var awaitedReports = 0
    private let standardError: Int32
    private var finished: UnsafeContinuation<Void, Never>?

    package init(
        loop: EventLoop,
        layout: InstanceLayout,
        settingsFile: SettingsFile,
        settings: LiveSettings,
        events: EventRecorder,
        sockets: BoundSockets,
        backEndWorkers: Int
    ) throws(InstanceError) {
        self.loop = loop
        self.layout = layout
        self.settingsFile = settingsFile
        self.settings = settings
        self.events = events
        environment = WorkerEnvironment.make(layout)
        standardError = unsafe open(layout.standardErrorFile, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        suspects = SuspectList(encoded: Files.read(layout.setAsideFile) ?? [])
        settingsStamp = FileStamp(layout.settingsFile)
        let counts: [(WorkerRole, Int)] = [
            (.backEnd, backEndWorkers), (.admin, 1), (.resolver, 1),
            (.transport, settings.current[ServiceSettings.transportWorkers]),
            (.frontEnd, settings.current[ServiceSettings.frontEndWorkers]),
        ]
        for (role, count) in counts {
            var shared = sockets.descriptors.filter { $0.listener.role == role }.map { ($0.listener.name, $0.fd) }
            if role.sharedOctets > 0, let memory = SharedTable.makeMemory(octets: role.sharedOctets) {
                shared.append((WorkerInheritance.sharedMemoryName, memory))
            }
            for index in 1...max(1, count) {
                let own = try InternalSocket.bind(role: role, index: index, layout: layout)
                slots.append(WorkerSlot(role: role, index: index, sockets: shared + own))
            }
        }
    }

    /// Starts everything and returns when everything has stopped.
    package func run() async {
        for slot in slots { start(slot) }
        loop.every(.seconds(1)) { self.assumeIsolated { $0.tick() } }
        await unsafe withUnsafeContinuation { unsafe finished = $0 }
    }

    // MARK: Starting

    func start(_ slot: WorkerSlot) {
        slot.plan += 1
        slot.state = .starting
        let inheritance = WorkerInheritance(
            role: slot.role,
            index: slot.index,
            data: layout.data,
            sockets: slot.sockets.map(\.name)
        )
        do throws(IOError) {
            let worker = try RunningWorker.start(
                inheritance,
                environment: environment + (slot.diedOfFault ? ["\(WorkerInheritance.faultVariable)=1"] : []),
                standardError: standardError,
                sockets: slot.sockets.map(\.fd),
                loop: loop,
                onEnd: { [unowned slot] worker, end in
                    // The loop calls back on its own thread, which is this actor's.
                    nonisolated(unsafe) let (slot, worker) = (slot, worker)
                    self.assumeIsolated { unsafe $0.ended(worker, of: slot, end) }
                }
            )
            slot.current = worker
            let pid = worker.pid
            Task { await self.listen(to: pid, in: slot.name) }
        } catch {
            events.record(.cannotStart, ["worker": .string(slot.name), "error": .string(error.description)])
            recover(slot, ranFor: nil, killedFromOutside: false)
        }
    }

    /// Takes what a worker says until its socket closes.
    private func listen(to pid: Int32, in name: String) async {
        guard let slot = slots.first(where: { $0.name == name }), let worker = slot.current, worker.pid == pid else {
            return
        }
        while let line = try? await worker.control.readLine(maximum: ControlMessage.maximumOctets) {
            switch ControlMessage(line: line.bytes) {
            case .ready: becameReady(worker, slot)
            case .request(let id, let verb, let arguments):
                // Only the administration's worker may ask for anything.
                guard slot.role == .admin else { continue }
                worker.socket.send(answer(verb, arguments, id: id))
            default: continue
            }
        }
    }

    private func becameReady(_ worker: RunningWorker, _ slot: WorkerSlot) {
        worker.readyAt = .now
        guard slot.current === worker else { return }
        slot.state = .running
        events.record(
            .stateChanged,
            [
                "worker": .string(slot.name), "state": "running", "pid": .count(worker.pid),
                "took.ms": .count(worker.startedAt.duration(to: .now).wholeMilliseconds),
            ]
        )
        for old in slot.retiring { retire(old) }
        if slots.allSatisfy({ $0.state == .running }) { SystemdNotification.send("READY=1") }
    }

    // MARK: Ending

    private func ended(_ worker: RunningWorker?, of slot: WorkerSlot, _ end: ProcessEnd) {
        guard let worker else { return }
        worker.control.abort()
        slot.retiring.removeAll { $0 === worker }
        let wasCurrent = slot.current === worker
        if wasCurrent { slot.current = nil }
        if worker.isRetiring {
            if wasCurrent { retired(slot) }
        } else {
            died(worker, slot, end)
        }
        finishIfStopped()
    }

    /// A worker that was asked to stop has stopped.
    private func retired(_ slot: WorkerSlot) {
        if slot.startsAgainOnceStopped, !isStopping {
            slot.startsAgainOnceStopped = false
            return start(slot)
        }
        slot.state = .stopped
        events.record(.stateChanged, ["worker": .string(slot.name), "state": "stopped"])
    }

    private func died(_ worker: RunningWorker, _ slot: WorkerSlot, _ end: ProcessEnd) {
        slot.restarts += 1
        slot.lastEnd = end.description
        slot.diedOfFault = end.isFault
        let items = worker.board.items
        events.record(
            .workerDied,
            [
                "worker": .string(slot.name), "pid": .count(worker.pid), "end": .string(end.description),
                "items": .list(items),
                "ran.ms": .count(worker.startedAt.duration(to: .now).wholeMilliseconds),
            ]
        )
        if let reporter = worker.board.reporter {
            let (name, pid, started) = (slot.name, worker.pid, worker.startedTime)
            Task { await self.awaitReport(by: reporter, of: pid, since: started, name) }
        }
        setAside(suspects.died(on: items))
        guard !isStopping, slot.state != .stopping || slot.startsAgainOnceStopped else {
            slot.state = .stopped
            return
        }
        slot.startsAgainOnceStopped = false
        let outside = end == .signalled(SIGKILL) || end == .signalled(SIGTERM)
        recover(slot, ranFor: worker.readyAt.map { $0.duration(to: .now) }, killedFromOutside: outside)
    }

    private func setAside(_ items: [String]) {
        for item in items { events.record(.itemSetAside, ["item": .string(item)]) }
        guard !items.isEmpty || !suspects.setAside.isEmpty else { return }
        try? Files.replace(layout.setAsideFile, with: suspects.encoded)
        for slot in slots { slot.current?.socket.send(.setAside(items)) }
    }

    private func recover(_ slot: WorkerSlot, ranFor: Duration?, killedFromOutside: Bool) {
        let policy = settings.current[ServiceSettings.recovery, instance: slot.role.rawValue]
        let decision = slot.recovery.failed(ranFor: ranFor, killedFromOutside: killedFromOutside, policy: policy)
        let pause: Duration
        switch decision {
        case .restart(let after):
            pause = after
            slot.state = .waiting
            events.record(
                .workerRestarted,
                [
                    "worker": .string(slot.name), "restarts": .count(slot.restarts),
                    "failures": .count(slot.recovery.failures), "action": "restart",
                    "after.ms": .count(after.wholeMilliseconds),
                ]
            )
        case .giveUp(let next):
            pause = next
            slot.state = .failed
            events.record(
                .workerGivenUp,
                [
                    "worker": .string(slot.name), "failures": .count(slot.recovery.failures),
                    "next.ms": .count(next.wholeMilliseconds),
                ]
            )
        }
        guard pause > .zero else { return start(slot) }
        slot.plan += 1
        let plan = slot.plan
        let name = slot.name
        Task { await self.startLater(name, plan: plan, after: pause) }
    }

    private func startLater(_ name: String, plan: Int, after pause: Duration) async {
        guard (try? await loop.sleep(for: pause)) != nil else { return }
        guard let slot = slots.first(where: { $0.name == name }), slot.plan == plan, !isStopping else { return }
        start(slot)
    }

    // MARK: Stopping

    /// Asks a worker to finish what it has begun and end.
    func retire(_ worker: RunningWorker) {
        guard !worker.isRetiring else { return }
        worker.isRetiring = true
        worker.killAt = .now + settings.current[ServiceSettings.drainTime]
        worker.socket.send(.stop)
    }

    /// Stops all workers; `run` then returns.
    package func stopAll() {
        guard !isStopping else { return }
        isStopping = true
        events.record(.stopping)
        SystemdNotification.send("STOPPING=1")
        for slot in slots {
            slot.plan += 1
            slot.state = slot.current == nil ? .stopped : .stopping
            if let worker = slot.current { retire(worker) }
        }
        finishIfStopped()
    }

    private func finishIfStopped() {
        guard isStopping, slots.allSatisfy({ $0.current == nil && $0.retiring.isEmpty }) else { return }
        guard let continuation = unsafe finished else { return }
        unsafe finished = nil
        unsafe continuation.resume()
    }
}
