// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import AdminAPI
internal import ByteTools
internal import Glibc
internal import JournalStore
internal import MailStore
internal import Runtime
internal import ServiceControl

/// Sends the directory, as it is at one moment, to the caller.
enum DirectoryCopy {
    private static let pieceOctets: UInt64 = 256 << 10

    static func operation(_ layout: InstanceLayout, _ directory: any DirectoryAdministration) -> AdminOperation {
        let exclusions = Exclusions()
        return AdminOperation(streaming: .get, "v1/directory/copy") { (request, exchange) throws(AdminError) in
            try await exclusions.alone("copy", "A copy of the directory, by \(request.caller),") {
                () async throws(AdminError) in
                // What a killed one has left is in the way.
                let path = layout.directoryFile + ".copy"
                unsafe unlink(path)
                defer { unsafe unlink(path) }
                try await directory.writeCopy(to: path)
                try await send(path, exchange)
                return [:]
            }
        }
    }

    private static func send(_ path: String, _ exchange: AdminExchange) async throws(AdminError) {
        let file = try await onPool { () throws(MailStoreError) in try SummedFile(path) }
        let size = file.size
        try await exchange.send(["file": "directory.db", "octets": .integer(Int64(clamping: size))])
        var done: UInt64 = 0
        while done < size {
            let count = Int(min(pieceOctets, size - done))
            try await exchange.send(octets: try await onPool { () throws(MailStoreError) in try file.next(count) })
            done += UInt64(count)
        }
    }

    private static func onPool<Value: Sendable>(
        _ body: @escaping @Sendable () throws(MailStoreError) -> Value
    ) async throws(AdminError) -> Value {
        let outcome = await BlockingPool.shared.run { () -> Result<Value, MailStoreError> in
            do throws(MailStoreError) { return .success(try body()) } catch { return .failure(error) }
        }
        return try await translated { () throws(MailStoreError) in try outcome.get() }
    }
}
