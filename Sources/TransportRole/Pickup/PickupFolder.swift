// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
internal import Glibc
package import MailTypes

/// The files of the pickup folder.
///
/// ```
/// pickup/NAME.eml               a whole message, renamed to this name; anything else is left alone
/// pickup/claimed/TRACE.eml      taken, and perhaps in the queue
/// pickup/claimed/TRACE.QUEUEID  in the queue, which waits for this name before it sends
/// pickup/claimed/TRACE.held-QUEUEID  the same, and a filter wants it held there
/// pickup/bad/NAME.eml           set aside
/// ```
///
/// All methods block: they run on the blocking pool.
package struct PickupFolder: Sendable {
    /// What was found of one file.
    package enum Finding: Sendable, Equatable {
        /// It is ours now, under the name of this trace.
        case claimed(TraceID)
        /// Somebody still writes it, or it has gone.
        case notReady
        /// It was set aside, or is to be.
        case bad(String)
    }

    /// What was found in the folder.
    package struct Listing: Sendable {
        /// In their order; at most as many as were asked for.
        package var names: [PickupName] = []
        /// Those that are there and were not asked for.
        package var passedOver: Set<PickupName> = []
        /// There are no others.
        package var isWhole = false
    }

    package let path: String
    var claimed: String { path + "/claimed" }
    var bad: String { path + "/bad" }

    package init(_ path: String) { self.path = path }

    /// Makes what is missing, and gives the folder its mode.
    package func prepare(mode: UInt32) -> Bool {
        for (folder, mode) in [(path, mode), (claimed, 0o700), (bad, 0o700)] {
            guard unsafe mkdir(folder, mode_t(mode)) == 0 || errno == EEXIST else { return false }
            // The mode at making it is cut by the mask of this process.
            if unsafe chmod(folder, mode_t(mode)) != 0, errno != EPERM { return false }
        }
        return unsafe access(claimed, W_OK | X_OK) == 0
    }

    /// Files that may be whole messages.
    ///
    /// - Parameters:
    ///   - maximum: as many are looked for.
    ///   - others: these are passed over and do not count.
    package func list(maximum: Int, passingOver others: Set<PickupName>) -> Listing {
        var listing = Listing(isWhole: true)
        Self.read(path) { name in
            guard name.mayBeMessage else { return true }
            guard !others.contains(name) else {
                listing.passedOver.insert(name)
                return true
            }
            guard listing.names.count < maximum else {
                listing.isWhole = false
                return false
            }
            listing.names.append(name)
            return true
        }
        listing.names.sort()
        return listing
    }

    /// Names in the folder of claimed files.
    func claims() -> [String] {
        var names: [String] = []
        Self.read(claimed) { name in
            if !name.isHidden { names.append(name.text) }
            return true
        }
        return names.sorted()
    }

    /// Reads the names in a folder while `body` says so.
    private static func read(_ folder: String, _ body: (PickupName) -> Bool) {
        guard let directory = unsafe opendir(folder) else { return }
        defer { unsafe closedir(directory) }
        while let entry = unsafe readdir(directory) {
            let octets = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { unsafe $0.prefix { $0 != 0 }.map(\.self) }
            guard body(PickupName(octets)) else { return }
        }
    }

    /// What a name stood for when it was looked at: also a file that came by the number of one that is gone is another.
    package struct FileIdentity: Sendable, Equatable {
        private let (device, number): (UInt64, UInt64)
        private let kind: UInt32
        private let (changed, nanoseconds): (Int64, Int64)

        init(_ status: stat) {
            (device, number) = (UInt64(status.st_dev), UInt64(status.st_ino))
            kind = status.st_mode & S_IFMT
            (changed, nanoseconds) = (Int64(status.st_mtim.tv_sec), Int64(status.st_mtim.tv_nsec))
        }
    }

    /// What looking at a file found.
    package enum Look: Sendable, Equatable {
        /// A whole file, which may be taken.
        case whole(FileIdentity)
        /// Anything else.
        case other(Finding)
    }

    /// Makes a file ours by renaming it, when it is a whole one.
    package func claim(_ name: PickupName, maximumOctets: UInt64) -> Finding {
        switch look(at: name, maximumOctets: maximumOctets) {
        case .whole(let file): take(name, file)
        case .other(let finding): finding
        }
    }

    /// Whether a file is a whole one.
    package func look(at name: PickupName, maximumOctets: UInt64) -> Look {
        let fd = unsafe open(name.path(in: path), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
        guard fd >= 0 else {
            switch errno {
            case ENOENT: return .other(.notReady)
            case ELOOP: return .other(.bad("it is a symbolic link"))
            default: return .other(.bad("it cannot be read: \(unsafe String(cString: strerror(errno)))"))
            }
        }
        defer { close(fd) }
        var status = stat()
        guard unsafe fstat(fd, &status) == 0 else { return .other(.notReady) }
        guard status.st_mode & S_IFMT == S_IFREG else { return .other(.bad("it is no file")) }
        guard status.st_nlink == 1 else { return .other(.bad("it has more than one name")) }
        guard !Self.isBeingWritten(fd, status) else { return .other(.notReady) }
        guard UInt64(clamping: status.st_size) <= maximumOctets else {
            return .other(.bad("it is larger than mail may be"))
        }
        return .whole(FileIdentity(status))
    }

    /// Renames a file that was looked at.
    ///
    /// Whoever may write to the folder can put another one under its name meanwhile: that goes back, and is looked at
    /// in its turn.
    package func take(_ name: PickupName, _ file: FileIdentity) -> Finding {
        let trace = TraceID.random()
        let claim = "\(claimed)/\(trace).eml"
        guard unsafe Glibc.rename(name.path(in: path), claim) == 0 else {
            return errno == ENOENT ? .notReady : .bad("it cannot be taken: \(unsafe String(cString: strerror(errno)))")
        }
        var status = stat()
        guard unsafe lstat(claim, &status) == 0 else { return .notReady }
        guard FileIdentity(status) == file else {
            unsafe Glibc.rename(claim, "\(path)/\(trace).eml")
            return .notReady
        }
        Self.sync(claimed)
        Self.sync(path)
        return .claimed(trace)
    }

    /// Whether anybody has the file open for writing: a lease on it is not to be had then.
    ///
    /// Where leases are not ours to take (a file of another user, a file system without them) a file counts as whole
    /// when it has rested for 10 seconds.
    private static func isBeingWritten(_ fd: Int32, _ status: stat) -> Bool {
        // Whoever opens it meanwhile has a signal sent to us: one that does nothing, instead of one that ends us.
        let (setSignal, setLease) = (Int32(10), Int32(1024))
        guard fcntl(fd, setSignal, SIGURG) == 0, fcntl(fd, setLease, Int32(F_RDLCK)) == 0 else {
            if errno == EAGAIN { return true }
            return time(nil) - status.st_mtim.tv_sec < 10
        }
        _ = fcntl(fd, setLease, Int32(F_UNLCK))
        return false
    }

    /// The octets of a claimed file, and whose it is; `nil` when they cannot be read, or it is not what is claimed.
    ///
    /// A process that ended while it claimed the file may not have looked at it again.
    package func read(_ name: String, maximum: UInt64) -> (octets: [UInt8], owner: UInt32)? {
        let fd = unsafe open("\(claimed)/\(name)", O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
        guard fd >= 0 else { return nil }
        defer { close(fd) }
        var status = stat()
        guard unsafe fstat(fd, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_nlink == 1 else {
            return nil
        }
        var octets: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = unsafe Glibc.read(fd, &piece, piece.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0, UInt64(octets.count + count) <= maximum else { return nil }
            if count == 0 { return (octets, status.st_uid) }
            octets += piece[..<count]
        }
    }

    /// A claimed file's new name; false when it could not have it.
    func rename(_ name: String, to other: String) -> Bool {
        guard unsafe Glibc.rename("\(claimed)/\(name)", "\(claimed)/\(other)") == 0 else { return false }
        Self.sync(claimed)
        return true
    }

    func remove(_ name: String) { unsafe unlink("\(claimed)/\(name)") }

    /// Sets a claimed file aside under its trace.
    func setAside(claim name: String) -> Bool {
        unsafe Glibc.rename("\(claimed)/\(name)", "\(bad)/\(name)") == 0
    }

    /// Sets a file aside that was not claimed.
    package func setAside(_ name: PickupName) -> Bool {
        unsafe Glibc.rename(name.path(in: path), name.asideName(TraceID.random()).path(in: bad)) == 0
    }

    private static func sync(_ folder: String) {
        let fd = unsafe open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard fd >= 0 else { return }
        fsync(fd)
        close(fd)
    }
}
