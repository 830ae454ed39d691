// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
internal import Runtime

extension AdminServer {
    /// How often a caller hears that a silent operation still goes on; also the longest that it may take nothing.
    private static let heartbeat = Duration.seconds(20)

    /// Does a long operation over a connection, which ends with it.
    ///
    /// The operation is cancelled when the caller hangs up, and when this process drains.
    func stream(
        _ operation: AdminOperation,
        _ request: AdminRequest,
        takesBody: Bool,
        _ connection: Connection
    ) async {
        let notifier = connection.notifier
        let exchange = AdminExchange { notifier.notify() }
        connection.write(HTTPMessage.streamHead)
        connection.idleTimeout = Self.heartbeat
        let (router, loop) = (router, connection.loop)
        await withTaskGroup(of: Void.self) { group in
            group.addTask(executorPreference: loop) { await router.run(operation, request, exchange) }
            if !takesBody { exchange.endInput() }
            do throws(IOError) {
                try await Self.pump(connection, exchange, takesBody: takesBody)
            } catch {
                exchange.cancel(
                    error == .shutdown
                        ? AdminError(.interrupted, "The service is restarted; give the command again.")
                        : AdminError(.unavailable, "The caller went away.")
                )
                group.cancelAll()
            }
            await group.waitForAll()
        }
        // What came of a cancelled operation; there may be nobody to read it.
        let rest = exchange.take().octets
        guard !rest.isEmpty else { return }
        connection.defersShutdown = true
        connection.write(ChunkedEncoder.chunk(rest) + ChunkedEncoder.end)
        try? await connection.flush()
    }

    /// Carries octets both ways until the answer is whole.
    private static func pump(
        _ connection: Connection,
        _ exchange: AdminExchange,
        takesBody: Bool
    ) async throws(IOError) {
        var body = ChunkedDecoder()
        while true {
            let (output, isAll) = exchange.take()
            connection.write(ChunkedEncoder.chunk(output))
            if isAll { connection.write(ChunkedEncoder.end) }
            try await connection.flush()
            if isAll { return }
            do throws(IOError) {
                guard let bytes = try await connection.readSomeOrNotice(maximum: 64 << 10) else { continue }
                guard !bytes.isEmpty else { throw .closed }
                guard takesBody, !body.isDone else { continue }
                guard let data = body.decode(bytes) else { throw .closed }
                if !data.isEmpty { _ = await exchange.feed(data) }
                if body.isDone { exchange.endInput() }
            } catch .timedOut {
                connection.write(ChunkedEncoder.chunk([ASCII.lf]))
            }
        }
    }
}
