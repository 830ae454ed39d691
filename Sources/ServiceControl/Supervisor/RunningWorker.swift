// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Glibc
internal import Runtime

/// One live worker process, as service control sees it.
///
/// Used on the supervisor's loop only.
final class RunningWorker {
    let process: ChildProcess
    let control: Connection
    let socket: ControlSocket
    let board: BreadcrumbBoard
    let startedAt = ContinuousClock.now
    /// Nanoseconds since 1970.
    let startedTime = WallClock.nanoseconds
    var readyAt: ContinuousClock.Instant?
    /// Asked to stop: its end is no failure.
    var isRetiring = false
    /// When its time to drain is over.
    var killAt: ContinuousClock.Instant?
    private var lastBeat: (count: UInt64, at: ContinuousClock.Instant)

    var pid: Int32 { process.pid }

    private init(process: ChildProcess, control: Connection, descriptor: Int32, board: BreadcrumbBoard) {
        self.process = process
        self.control = control
        self.board = board
        socket = ControlSocket(fd: descriptor)
        lastBeat = (0, .now)
    }

    /// Starts a worker.
    ///
    /// `onEnd` is called on the loop when it has ended, however.
    static func start(
        _ inheritance: WorkerInheritance,
        environment: [String],
        standardError: Int32,
        sockets: [Int32],
        loop: EventLoop,
        onEnd: @escaping (RunningWorker?, ProcessEnd) -> Void
    ) throws(IOError) -> RunningWorker {
        guard let board = BreadcrumbBoard() else { throw .system(errno: ENOMEM, call: "memfd") }
        let (ours, theirs) = try Connection.socketPair()
        defer { close(theirs) }
        let control = Connection(fd: ours, loop: loop, peer: .unix)
        control.idleTimeout = .seconds(1 << 32)
        let holder = Holder()
        let process: ChildProcess
        do throws(IOError) {
            process = try ChildProcess(
                path: "/proc/self/exe",
                arguments: inheritance.arguments,
                environment: environment
                    + ["\(WorkerInheritance.socketsVariable)=\(inheritance.sockets.joined(separator: ","))"],
                descriptors: [nil, standardError, standardError, theirs, board.fd] + sockets,
                loop: loop,
                onEnd: { onEnd(holder.worker, $0) }
            )
        } catch {
            control.abort()
            throw error
        }
        let worker = RunningWorker(process: process, control: control, descriptor: ours, board: board)
        holder.worker = worker
        return worker
    }

    private final class Holder { var worker: RunningWorker? }

    /// How long the heartbeat has stood still.
    func stillness(now: ContinuousClock.Instant) -> Duration {
        let beat = board.heartbeat
        if beat != lastBeat.count { lastBeat = (beat, now) }
        return lastBeat.at.duration(to: now)
    }
}
