// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import Events
internal import Glibc
internal import Locking
internal import Runtime

/// The passwords of connectors: one file each, for the user of the service alone.
///
/// They are not settings, so that no listing, history or difference shows them.
package final class CredentialVault: Sendable {
    /// Why a password cannot be had or kept.
    package struct Failure: Error, Sendable, Hashable, CustomStringConvertible {
        package let description: String
    }

    /// Octets of a password.
    package static let maximumOctets = 1024

    private let folder: String
    private let events: EventRecorder
    /// Connectors whose passwords were reported as missing, until they are there.
    private let reported = Lock<Set<String>>([])

    /// - Parameter folder: of the instance's keys.
    package init(folder: String, events: EventRecorder) {
        self.folder = folder
        self.events = events
    }

    /// The password of a connector; `nil` when it cannot be used, which is then an event, once.
    package func password(of connector: String) async -> [UInt8]? {
        let path = path(connector)
        let found = await BlockingPool.shared.run { Self.read(path) }
        switch found {
        case .success(let password?):
            reported.withLock { _ = $0.remove(connector) }
            return password
        case .success(nil): report(connector, "there is none")
        case .failure(let failure): report(connector, failure.description)
        }
        return nil
    }

    /// Whether there is one, whatever it is.
    package func hasPassword(of connector: String) async -> Bool {
        let path = path(connector)
        return await BlockingPool.shared.run { unsafe access(path, F_OK) == 0 }
    }

    /// Keeps a password, or forgets it.
    package func setPassword(_ password: [UInt8]?, of connector: String) async throws(Failure) {
        let path = path(connector)
        let failure = await BlockingPool.shared.run { () -> Failure? in
            guard let password else {
                return unsafe unlink(path) == 0 || errno == ENOENT ? nil : Self.failure("remove")
            }
            return Self.write(password, to: path)
        }
        if let failure { throw failure }
    }

    /// Names of connectors have no slash in them.
    private func path(_ connector: String) -> String { "\(folder)/connector-\(connector).secret" }

    private func report(_ connector: String, _ reason: String) {
        guard reported.withLock({ $0.insert(connector).inserted }) else { return }
        events.record(
            .connectorPasswordUnreadable,
            ["routing.connector": .string(connector), "error.description": .string(reason)]
        )
    }

    private static func read(_ path: String) -> Result<[UInt8]?, Failure> {
        let fd = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard fd >= 0 else { return errno == ENOENT ? .success(nil) : .failure(failure("open")) }
        defer { close(fd) }
        var facts = stat()
        guard unsafe fstat(fd, &facts) == 0 else { return .failure(failure("look at")) }
        guard facts.st_mode & 0o077 == 0 else {
            return .failure(Failure(description: "other users may read \(path)"))
        }
        var octets = [UInt8](repeating: 0, count: maximumOctets + 1)
        let count = unsafe Glibc.read(fd, &octets, octets.count)
        guard count >= 0 else { return .failure(failure("read")) }
        guard (1...maximumOctets).contains(count) else { return .failure(Failure(description: "\(path) holds none")) }
        return .success(Array(octets.prefix(count)))
    }

    /// A new file in place of the old one, so that there is always one that is whole.
    private static func write(_ password: [UInt8], to path: String) -> Failure? {
        let fresh = path + ".new"
        unsafe unlink(fresh)
        let fd = unsafe open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard fd >= 0 else { return failure("write") }
        let count = unsafe Glibc.write(fd, password, password.count)
        let isKept = count == password.count && fsync(fd) == 0
        close(fd)
        guard isKept, unsafe rename(fresh, path) == 0 else { return failure("write") }
        return nil
    }

    private static func failure(_ verb: String) -> Failure {
        Failure(description: "cannot \(verb) the password file: \(unsafe String(cString: strerror(errno)))")
    }
}
