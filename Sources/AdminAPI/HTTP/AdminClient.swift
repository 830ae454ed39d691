// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
internal import Glibc
package import Runtime

/// Asks a running server over its Unix socket, one connection a request.
package struct AdminClient: AdminEndpoint {
    private static let maximumBodyOctets = 256 << 20

    /// The server shows a sign of life more often than this.
    static let silence = Duration.seconds(180)

    let path: String
    let loop: EventLoop
    private let patience: Duration

    /// - Parameters:
    ///   - path: of the socket; any length.
    ///   - loop: on which the callers' tasks run.
    ///   - patience: how long the server may say nothing; shorter where somebody else waits for the caller.
    package init(path: String, loop: EventLoop, patience: Duration = .seconds(300)) {
        self.path = path
        self.loop = loop
        self.patience = patience
    }

    /// Whether a server listens.
    ///
    /// `false` when there is no socket, or nobody behind it.
    package func isServed() async throws(AdminError) -> Bool {
        do throws(IOError) {
            let connection = try await Connection.connect(unixPath: path, loop: loop, timeout: .seconds(5))
            await connection.close()
            return true
        } catch .system(ENOENT, _), .system(ECONNREFUSED, _), .system(ENOTDIR, _) {
            return false
        } catch .system(EACCES, _) {
            throw AdminError(
                .forbidden,
                "\(path) may not be used by you. Run this as root or as the user of the service."
            )
        } catch {
            throw AdminError(.unavailable, "\(path): \(error)")
        }
    }

    package func send(_ request: AdminRequest) async throws(AdminError) -> AdminResponse {
        do throws(IOError) {
            let connection = try await Connection.connect(unixPath: path, loop: loop, timeout: .seconds(5))
            connection.idleTimeout = patience
            connection.write(HTTPMessage.request(request))
            let response: AdminResponse?
            do throws(IOError) { response = try await Self.readResponse(connection) } catch {
                await connection.close()
                throw error
            }
            await connection.close()
            guard let response else { throw IOError.closed }
            return response
        } catch {
            throw Self.unanswered(path, error)
        }
    }

    /// `nil` for what is no answer.
    private static func readResponse(_ connection: Connection) async throws(IOError) -> AdminResponse? {
        guard let first = try await connection.readLine(maximum: 8192) else { return nil }
        let parts = first.bytes.split(separator: ASCII.space)
        guard parts.count >= 2, let status = Decimal.parse(parts[1], maximum: 599) else { return nil }
        var length: UInt64 = 0
        while let line = try await connection.readLine(maximum: 8192), !line.bytes.isEmpty {
            let sides = line.bytes.split(separator: UInt8(ascii: ":"), maxSplits: 1)
            if sides.count == 2, ASCII.equalIgnoringCase(sides[0], "content-length".utf8) {
                length = Decimal.parse(sides[1].filter { !ASCII.isBlank($0) }, maximum: UInt64(maximumBodyOctets)) ?? 0
            }
        }
        var limits = JSONLimits()
        limits.octets = maximumBodyOctets
        limits.values = 50_000_000
        let bytes = try await connection.readExactly(Int(clamping: length))
        return (try? JSONValue(parsing: bytes, limits: limits)).map { AdminResponse(status: Int(status), body: $0) }
    }
}
