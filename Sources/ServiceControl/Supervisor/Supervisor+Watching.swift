// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import CLinux
internal import Events
internal import Glibc
internal import Runtime
internal import Settings

extension Supervisor {
    /// Once a second: heartbeats, workers that do not drain, and edits of the settings file.
    func tick() {
        let now = ContinuousClock.now
        let limit = settings.current[ServiceSettings.hangTimeout]
        for slot in slots {
            if let worker = slot.current, worker.readyAt != nil, !worker.isRetiring,
                worker.stillness(now: now) > limit
            {
                endHanging(worker, slot, now)
            }
            for worker in slot.retiring + [slot.current].compactMap(\.self) { endLate(worker, slot, now) }
        }
        reapOrphans()
        let stamp = FileStamp(layout.settingsFile)
        if stamp != settingsStamp { reloadSettings() }
    }

    /// SIGABRT first, for a crash report; SIGKILL two seconds later.
    private func endHanging(_ worker: RunningWorker, _ slot: WorkerSlot, _ now: ContinuousClock.Instant) {
        guard worker.killAt == nil else { return }
        events.record(.workerHangs, ["worker": .string(slot.name), "pid": .count(worker.pid)])
        worker.killAt = now + .seconds(2)
        worker.process.signal(SIGABRT)
    }

    private func endLate(_ worker: RunningWorker, _ slot: WorkerSlot, _ now: ContinuousClock.Instant) {
        guard let killAt = worker.killAt, killAt <= now else { return }
        if worker.isRetiring {
            events.record(.workerNotDraining, ["worker": .string(slot.name), "pid": .count(worker.pid)])
        }
        worker.process.signal(SIGKILL)
    }

    /// Ends the waiting of children that are not workers, which become this process's when it is the first of a container.
    private func reapOrphans() {
        guard getpid() == 1 else { return }
        let workers = Set(slots.flatMap { $0.retiring + [$0.current].compactMap(\.self) }.map(\.pid))
        var pid = CLinux_ended_child()
        while pid > 0, !workers.contains(pid) {
            waitpid(pid, nil, WNOHANG)
            pid = CLinux_ended_child()
        }
    }

    /// Reads the settings file, puts it in force here, and tells the workers.
    package func reloadSettings() {
        settingsStamp = FileStamp(layout.settingsFile)
        let file = settingsFile
        // An edit by hand becomes a version of the history; one by the command line is one already.
        BlockingPool.shared.submit { try? file.recordOutsideEdit() }
        let (snapshot, problems) = settingsFile.load(previous: settings.current)
        for problem in problems {
            events.record(.settingsRefused, ["problem": .string(problem.description)])
        }
        guard snapshot != settings.current else { return }
        let old = settings.current.texts
        let changed = Set(old.keys).union(snapshot.texts.keys).filter { old[$0] != snapshot.texts[$0] }
        settings.replace(with: snapshot)
        events.record(.settingsApplied, ["settings": .list(changed.sorted())])
        for slot in slots {
            for worker in slot.retiring + [slot.current].compactMap(\.self) { worker.socket.send(.settingsChanged) }
        }
    }
}

/// What tells one version of a file from the next.
struct FileStamp: Equatable {
    private let inode: UInt64
    private let size: Int64
    /// Since 1970.
    private let nanoseconds: Int64

    /// `nil` when there is no such file.
    init?(_ path: String) {
        var information = stat()
        guard unsafe stat(path, &information) == 0 else { return nil }
        inode = UInt64(information.st_ino)
        size = Int64(information.st_size)
        unsafe nanoseconds = CLinux_modification_time_at(path)
    }
}
