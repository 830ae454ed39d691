// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
package import Events
package import Runtime

/// Serves the admin API over connections of a Unix socket, `DATA/run/admin.sock`.
package struct AdminServer: Sendable {
    let router: AdminRouter
    private let forwarder: (any AdminForwarding)?
    private let dataFolder: String
    let events: EventRecorder

    /// - Parameter forwarder: knows which requests another process answers; without one, none.
    package init(
        router: AdminRouter,
        forwarder: (any AdminForwarding)? = nil,
        dataFolder: String,
        events: EventRecorder
    ) {
        self.router = router
        self.forwarder = forwarder
        self.dataFolder = dataFolder
        self.events = events
    }

    /// Answers requests until the peer ends, breaks the rules, is idle for a minute, or this process drains.
    package func serve(_ connection: Connection) async {
        connection.idleTimeout = .seconds(60)
        guard let peer = connection.peerCredentials else { return }
        let caller = AdminCaller(user: peer.user)
        guard caller.mayAdminister(dataFolder) else {
            events.record(.adminRefused, ["admin.caller": .string(caller.description), "admin.pid": .count(peer.pid)])
            let error = AdminError(.forbidden, "\(caller) may not administer this server; use sudo.")
            connection.write(HTTPMessage.response(AdminResponse(error), keepsAlive: false))
            return
        }
        do throws(IOError) {
            while try await answerNext(connection, caller) {}
        } catch {
            // The peer went, was idle too long, or this process drains: there is nobody to tell.
        }
    }

    /// Whether the connection goes on.
    private func answerNext(_ connection: Connection, _ caller: AdminCaller) async throws(IOError) -> Bool {
        do throws(Interruption) {
            guard let head = try await readHead(connection) else { return false }
            let body = try await readBody(head, connection)
            let request: AdminRequest
            do throws(HTTPError) {
                request = try AdminRequest(head, body: body, caller: caller.asking(for: head.onBehalfOf))
            } catch {
                throw .malformed(error)
            }
            do throws(AdminError) {
                if let way = try await forwarder?.way(of: request) {
                    try await forward(way, isChunked: head.isChunked, connection)
                    return false
                }
                let operation = try router.operation(for: request)
                if operation.isLong {
                    await stream(operation, request, takesBody: head.isChunked, connection)
                    return false
                }
            } catch {
                guard !head.isChunked else {
                    connection.write(HTTPMessage.response(AdminResponse(error), keepsAlive: false))
                    return false
                }
                connection.write(HTTPMessage.response(AdminResponse(error), keepsAlive: head.keepsAlive))
                return head.keepsAlive
            }
            guard !head.isChunked else {
                throw Interruption.malformed(HTTPError(status: 501, reason: "This operation takes no chunked body."))
            }
            let response = await router.send(request)
            connection.write(HTTPMessage.response(response, keepsAlive: head.keepsAlive))
            return head.keepsAlive
        } catch {
            switch error {
            case .io(let error): throw error
            case .malformed(let error): refuse(connection, error)
            }
            return false
        }
    }

    private func refuse(_ connection: Connection, _ error: HTTPError) {
        events.record(.adminRequestMalformed, ["admin.reason": .string(error.reason)])
        let body = AdminError(.badRequest, error.reason).json
        connection.write(HTTPMessage.response(AdminResponse(status: error.status, body: body), keepsAlive: false))
    }

    /// `nil` at the end of the connection.
    private func readHead(_ connection: Connection) async throws(Interruption) -> HTTPRequestHead? {
        guard let first = try await readLine(connection) else { return nil }
        do throws(HTTPError) {
            var head = try HTTPRequestHead(requestLine: first)
            while let line = try await readFieldLine(connection) {
                if line.isEmpty {
                    try head.finish()
                    return head
                }
                try head.add(fieldLine: line)
            }
        } catch {
            throw .malformed(error)
        }
        throw .io(.closed)
    }

    private func readFieldLine(_ connection: Connection) async throws(HTTPError) -> [UInt8]? {
        do throws(Interruption) { return try await readLine(connection) } catch {
            switch error {
            case .malformed(let error): throw error
            case .io: return nil
            }
        }
    }

    private func readLine(_ connection: Connection) async throws(Interruption) -> [UInt8]? {
        do throws(IOError) {
            guard let line = try await connection.readLine(maximum: HTTPRequestHead.maximumLineOctets) else {
                return nil
            }
            guard line.endsWithCRLF else { throw .lineTooLong }
            return line.bytes
        } catch .lineTooLong {
            throw .malformed(HTTPError(status: 431, reason: "A line is too long or does not end with CRLF."))
        } catch {
            throw .io(error)
        }
    }

    private func readBody(_ head: HTTPRequestHead, _ connection: Connection) async throws(Interruption) -> [UInt8] {
        guard head.bodyOctets > 0 else { return [] }
        if head.expectsContinue { connection.write("HTTP/1.1 100 Continue\r\n\r\n" as StaticString) }
        do throws(IOError) { return try await connection.readExactly(head.bodyOctets) } catch { throw .io(error) }
    }
}

/// Why a request did not come to an answer of the router.
private enum Interruption: Error {
    case io(IOError)
    case malformed(HTTPError)
}
