// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// Who asks for an operation: for permission, and for the history.
package struct AdminCaller: Sendable, Equatable, CustomStringConvertible {
    package let user: UInt32

    package init(user: UInt32) { self.user = user }

    /// The user who started this process.
    package static var current: AdminCaller { AdminCaller(user: getuid()) }

    /// `root (uid 0)`; the number alone when it has no name.
    package var description: String {
        var buffer = [CChar](repeating: 0, count: 4096)
        var entry = unsafe passwd()
        var found: UnsafeMutablePointer<passwd>? = nil
        guard unsafe getpwuid_r(user, &entry, &buffer, buffer.count, &found) == 0, unsafe found != nil,
            let name = unsafe entry.pw_name
        else { return "uid \(user)" }
        return unsafe "\(String(cString: name)) (uid \(user))"
    }

    /// Who is meant when a request names the user for whom it is sent: only this server's own processes may.
    func asking(for user: UInt32?) -> AdminCaller {
        guard let user, self.user == geteuid() else { return self }
        return AdminCaller(user: user)
    }

    /// Whether this user may administer the installation in `dataFolder`: root, the user of the service, and the owner
    /// of the folder.
    package func mayAdminister(_ dataFolder: String) -> Bool {
        if user == 0 || user == geteuid() { return true }
        var status = stat()
        return unsafe stat(dataFolder, &status) == 0 && status.st_uid == user
    }
}
