// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import CSQLite
internal import Glibc
internal import Locking
internal import Runtime

/// The tables of failed log-ons as one thread uses them: opened when they are first needed, and tried again a while
/// after they could not be used.
///
/// Log-ons do not wait for a file that is out of order.
final class GuardFile: Sendable {
    /// After a failure everything is refused for this long.
    private static let pause: Duration = .seconds(5)

    private struct Opened {
        var tables: GuardTables
        /// The file that it was, to see when another has come under its name.
        var number: UInt64?
    }

    private struct State {
        var opened: Opened?
        var failed: ContinuousClock.Instant?
    }

    /// The file was out of order a moment ago.
    struct Paused: Error {}

    let path: String
    private let pool: BlockingPool
    private let state = Lock(State())

    private let onDamage: @Sendable () -> Void

    /// `onDamage` is called, on the thread, when the file was damaged and is begun anew.
    init(_ path: String, name: String, onDamage: @escaping @Sendable () -> Void) {
        self.path = path
        self.onDamage = onDamage
        pool = BlockingPool(name: name, threads: 1)
    }

    /// Runs `body` on the thread.
    ///
    /// Throws `Paused` without trying, or why the file cannot be used, which is said once for each pause.
    func run<Value: Sendable>(_ body: @escaping @Sendable (GuardTables) throws -> Value) async throws -> Value {
        try await pool.run { [self] in
            let (known, failed) = state.withLock { ($0.opened, $0.failed) }
            if let failed, ContinuousClock.now - failed < Self.pause { throw Paused() }
            do {
                let opened = try inForce(known)
                let value = try body(opened.tables)
                state.withLock { $0 = State(opened: opened) }
                return value
            } catch {
                // Opened anew: what is wrong may be wrong with the connection.
                state.withLock { $0 = State(failed: .now) }
                throw error
            }
        }
    }

    /// A process that finds the file damaged sets it aside and begins a new one: all others have to follow, or their
    /// counts and bans would be known to nobody else.
    private func inForce(_ known: Opened?) throws -> Opened {
        guard let known, known.number == fileNumber else { return try open() }
        return known
    }

    /// Two processes that make the file at the same moment can be in each other's way: SQLite then says so at once.
    private func open() throws -> Opened {
        for _ in 0..<20 {
            let number = fileNumber
            do {
                return try opened(number)
            } catch let error as SQLiteError where error.code & 0xFF == SQLITE_BUSY {
                usleep(25_000)
            } catch let error as SQLiteError where [SQLITE_CORRUPT, SQLITE_NOTADB].contains(error.code & 0xFF) {
                // Another process may have done so already.
                if fileNumber == number { setAside() }
            }
        }
        return try opened(fileNumber)
    }

    /// - Parameter number: of the file that was there before; one that was exchanged meanwhile is seen by it later.
    private func opened(_ number: UInt64?) throws -> Opened {
        let tables = try GuardTables(file: path)
        return Opened(tables: tables, number: number ?? fileNumber)
    }

    /// All that is in the file comes again by itself, so that a damaged one is worth no more than a look.
    private func setAside() {
        for suffix in ["-wal", "-shm"] { unsafe unlink(path + suffix) }
        guard unsafe rename(path, path + ".damaged") == 0 else { return }
        onDamage()
    }

    /// Which file stands under the name; `nil` when there is none.
    private var fileNumber: UInt64? {
        var status = stat()
        return unsafe stat(path, &status) == 0 ? UInt64(status.st_ino) : nil
    }
}
