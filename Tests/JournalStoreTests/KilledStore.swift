// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import Journal
import MailStore
import MailTypes
import Testing

/// A store folder as a kill would leave it, to be damaged and opened again and again.
struct KilledStore {
    static let segment = "shard-00/segment-0000000001.log"
    var files: [String: [UInt8]] = [:]

    /// Reads the folder while the store is open: what a kill leaves is what was written.
    init(_ directory: String) {
        for path in Self.paths(directory) { files[path] = WholeFile.contents("\(directory)/\(path)") }
    }

    static func paths(_ directory: String, _ below: String = "") -> [String] {
        ((try? Directories.entries(directory + "/" + below)) ?? []).sorted().flatMap { name -> [String] in
            let path = below.isEmpty ? name : "\(below)/\(name)"
            return (try? Directories.entries("\(directory)/\(path)")) == nil ? [path] : paths(directory, path)
        }
    }

    func restore(to directory: String) {
        StoreHarness.remove(directory)
        for (path, bytes) in files {
            let folder = path.split(separator: "/").dropLast().joined(separator: "/")
            try? Directories.make("\(directory)/\(folder)")
            WholeFile.replace("\(directory)/\(path)", with: bytes)
        }
    }
}

extension StoreHarness {
    /// An account with a message, and what a power cut leaves of the delivery after it: in pieces, in the closed store's
    /// folder.
    func tearDelivery() async throws -> (delivery: DeliveryID, octets: [UInt8], killed: KilledStore) {
        try await account().put(pattern(400, seed: 3))
        let (delivery, octets) = (DeliveryID.random(), pattern(500))
        try await account().put(octets, delivery: delivery)
        var killed = KilledStore(directory)
        await close()
        let size = try #require(killed.files[KilledStore.segment]?.count)
        for octet in 40..<60 { killed.files[KilledStore.segment]?[size - octet] = 0 }
        killed.restore(to: directory)
        return (delivery, octets, killed)
    }
}
