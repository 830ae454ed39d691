// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
internal import Glibc

/// Reports that the Swift runtime's backtracer wrote about a dead worker.
enum CrashReports {
    /// Where the report of a process is, and the file and line it points at.
    static func find(in folder: String, pid: Int32) -> (path: String, place: String)? {
        guard let listing = unsafe opendir(folder) else { return nil }
        defer { unsafe closedir(listing) }
        var found: String?
        while let entry = unsafe readdir(listing) {
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) {
                unsafe String(cString: UnsafeRawPointer($0).assumingMemoryBound(to: CChar.self))
            }
            let numbers = name.split { !$0.isNumber }
            if numbers.contains(Substring(String(pid))), name > (found ?? "") { found = name }
        }
        guard let found else { return nil }
        let path = "\(folder)/\(found)"
        return (path, Files.read(path, maximum: 4 << 20).flatMap(place) ?? "")
    }

    /// `Function (File.swift:42)` of the first frame of the crashed thread that has a source line.
    static func place(_ report: [UInt8]) -> String? {
        var limits = JSONLimits()
        limits.octets = 4 << 20
        guard let value = try? JSONValue(parsing: report, limits: limits) else { return nil }
        let threads = value["threads"]?.array ?? []
        let crashed = threads.first { $0["crashed"]?.bool == true } ?? threads.first
        for frame in crashed?["frames"]?.array ?? [] {
            guard let location = frame["sourceLocation"], let file = location["file"]?.string,
                let line = location["line"]?.integer, line > 0
            else { continue }
            let name = file.split(separator: "/").last.map(String.init) ?? file
            return "\(frame["description"]?.string ?? frame["symbol"]?.string ?? "?") (\(name):\(line))"
        }
        return nil
    }
}
