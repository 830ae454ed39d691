// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
internal import CLinux
internal import Events
internal import Glibc
internal import Runtime

extension Supervisor {
    /// In a crash loop the reports of later deaths are kept, and not waited for.
    private static let maximumAwaitedReports = 32

    /// Waits for the crash report of a dead worker, which its copy writes, and says what it points at.
    func awaitReport(by reporter: Int32, of pid: Int32, since started: Int64, _ name: String) async {
        guard awaitedReports < Self.maximumAwaitedReports else { return }
        awaitedReports += 1
        defer { awaitedReports -= 1 }
        let deadline = ContinuousClock.now + .seconds(60)
        var report: CrashReports.Report?
        while report == nil, ContinuousClock.now < deadline, (try? await loop.sleep(for: .milliseconds(100))) != nil {
            let folder = layout.crashes
            report = await BlockingPool.shared.run { CrashReports.find(in: folder, pid: reporter, since: started) }
        }
        let folder = layout.crashes
        await BlockingPool.shared.run { CrashReports.trim(folder) }
        guard let report else { return }
        events.record(
            .crashReported,
            [
                "worker": .string(name), "pid": .count(pid), "crash.report": .string(report.path),
                "crash.at": .string(report.place),
            ]
        )
    }
}

/// Reports that the Swift runtime's backtracer wrote about dead workers.
enum CrashReports {
    struct Report: Sendable {
        var path: String
        /// The function, file and line it points at; empty when the program has no debug information.
        var place: String
    }

    /// As many are kept.
    private static let maximum = 100

    /// The report that a process wrote after a moment (nanoseconds since 1970), once it is whole.
    ///
    /// Process ids come again, and reports stay. Blocks.
    static func find(in folder: String, pid: Int32, since started: Int64) -> Report? {
        let own = Files.names(in: folder).filter { name in
            let written = unsafe CLinux_modification_time_at("\(folder)/\(name)")
            return written >= started && name.split { !$0.isNumber }.contains(Substring(String(pid)))
        }
        guard let name = own.max(), let report = Files.read("\(folder)/\(name)", maximum: 4 << 20).flatMap(parse) else {
            return nil
        }
        return Report(path: "\(folder)/\(name)", place: place(report) ?? "")
    }

    /// Deletes the oldest ones past those that are kept.
    ///
    /// Blocks.
    static func trim(_ folder: String) {
        let files = Files.names(in: folder).map { name in
            let path = "\(folder)/\(name)"
            return unsafe (path: path, written: CLinux_modification_time_at(path))
        }
        for file in files.sorted(by: { $0.written > $1.written }).dropFirst(maximum) { unsafe unlink(file.path) }
    }

    private static func parse(_ report: [UInt8]) -> JSONValue? {
        var limits = JSONLimits()
        limits.octets = 4 << 20
        return try? JSONValue(parsing: report, limits: limits)
    }

    /// `Function (File.swift:42)` of the first frame of the crashed thread that has a source line.
    static func place(_ report: JSONValue) -> String? {
        let threads = report["threads"]?.array ?? []
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
