// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// The user that an instance runs as once its ports are bound.
struct ServiceUser {
    let user: uid_t
    let group: gid_t

    /// Looks up a name.
    ///
    /// `nil` when the system does not know it.
    init?(named name: String) {
        guard let entry = unsafe getpwnam(name) else { return nil }
        user = unsafe entry.pointee.pw_uid
        group = unsafe entry.pointee.pw_gid
    }

    /// Makes the files of the instance this user's, so that what root's commands wrote stays usable.
    func takeOver(_ layout: InstanceLayout) {
        Self.visit(layout.data, depth: 0) { path, information in
            if information.st_uid != user { unsafe lchown(path, user, group) }
        }
    }

    /// Becomes this user, for good.
    ///
    /// Throws when the system refuses, or the data folder would be out of reach.
    func become(for layout: InstanceLayout) throws(InstanceError) {
        guard setgroups(0, nil) == 0, setgid(group) == 0, setuid(user) == 0, setuid(0) != 0 else {
            throw InstanceError("cannot give up root: \(unsafe String(cString: strerror(errno)))", exitCode: 71)
        }
    }

    /// Whether this user can pass through every folder above the data folder.
    func canReach(_ layout: InstanceLayout) -> Bool {
        var path = ""
        for part in layout.data.split(separator: "/").dropLast() {
            path += "/" + part
            var information = stat()
            guard unsafe stat(path, &information) == 0 else { return false }
            let bit: mode_t =
                information.st_uid == user ? S_IXUSR : information.st_gid == group ? S_IXGRP : S_IXOTH
            guard information.st_mode & bit != 0 else { return false }
        }
        return true
    }

    private static func visit(_ path: String, depth: Int, _ body: (String, stat) -> Void) {
        var information = stat()
        guard unsafe lstat(path, &information) == 0 else { return }
        body(path, information)
        guard information.st_mode & S_IFMT == S_IFDIR, depth < 8, let folder = unsafe opendir(path) else { return }
        defer { unsafe closedir(folder) }
        while let entry = unsafe readdir(folder) {
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) {
                unsafe String(cString: UnsafeRawPointer($0).assumingMemoryBound(to: CChar.self))
            }
            if name != ".", name != ".." { visit("\(path)/\(name)", depth: depth + 1, body) }
        }
    }
}
