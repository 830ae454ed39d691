// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// The environment of workers: this process's own, without what is service control's, and with crash reports on.
enum WorkerEnvironment {
    static func make(_ layout: InstanceLayout) -> [String] {
        let dropped = [
            "NOTIFY_SOCKET=", "SWIFT_BACKTRACE=", WorkerInheritance.socketsVariable + "=",
            WorkerInheritance.faultVariable + "=",
        ]
        var environment = current.filter { entry in !dropped.contains { entry.hasPrefix($0) } }
        if let helper = backtracer {
            environment.append(
                "SWIFT_BACKTRACE=enable=yes,swift-backtrace=\(helper),output-to=\(layout.crashes)/,format=json,"
                    + "interactive=no,color=no,unwind=fast,threads=crashed,registers=none,images=none,limit=64"
            )
        }
        return environment
    }

    private static var current: [String] {
        var entries: [String] = []
        var next = unsafe environ
        while let entry = unsafe next.pointee {
            unsafe entries.append(String(cString: entry))
            unsafe next += 1
        }
        return entries
    }

    /// The helper that writes crash reports: beside this program, where packages put it, or in a toolchain.
    private static var backtracer: String? {
        var path = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = unsafe readlink("/proc/self/exe", &path, path.count - 1)
        guard count > 0 else { return nil }
        let program = String(decoding: path[..<count].map(UInt8.init(bitPattern:)), as: UTF8.self)
        let folder = program.split(separator: "/").dropLast().map { "/" + $0 }.joined()
        let candidates = [
            "\(folder)/swift-backtrace-static", "\(folder)/../libexec/martlet/swift-backtrace-static",
            "/usr/libexec/swift/linux/swift-backtrace-static",
        ]
        return candidates.first { unsafe access($0, X_OK) == 0 }
    }
}
