// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import CLinux
internal import CUV
internal import Glibc

/// A listening TCP socket, non-blocking and close-on-exec.
///
/// Throws `.system` with EADDRINUSE when the port is taken and EACCES when it needs privilege.
package func bindTCP(_ address: SocketAddress, backlog: Int32 = 1024) throws(IOError) -> Int32 {
    let fd = socket(address.family, sockStream, 0)
    guard fd >= 0 else { throw .last("socket") }
    setOption(fd, SOL_SOCKET, SO_REUSEADDR, 1)
    if address.family == AF_INET6 { setOption(fd, Int32(IPPROTO_IPV6), IPV6_V6ONLY, 1) }
    guard unsafe address.withSockaddr({ unsafe bind(fd, $0, $1) }) == 0 else { throw closing(fd, .last("bind")) }
    guard listen(fd, backlog) == 0 else { throw closing(fd, .last("listen")) }
    return fd
}

/// The address a socket is bound to, or `nil`.
package func localAddress(of fd: Int32) -> SocketAddress? {
    var storage = sockaddr_storage()
    var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
    let result = unsafe withUnsafeMutablePointer(to: &storage) { pointer in
        unsafe getsockname(fd, UnsafeMutableRawPointer(pointer).assumingMemoryBound(to: sockaddr.self), &length)
    }
    return result == 0 ? SocketAddress(storage) : nil
}

/// A listening Unix socket at `path` (of any length), which replaces what is there.
///
/// `mode` is its permissions.
package func bindUnix(path: String, mode: UInt32, backlog: Int32 = 1024) throws(IOError) -> Int32 {
    let fd = socket(AF_UNIX, sockStream, 0)
    guard fd >= 0 else { throw .last("socket") }
    _ = unsafe unlink(path)
    do throws(IOError) {
        try unsafe withUnixAddress(path) { (address, length) throws(IOError) in
            guard unsafe bind(fd, address, length) == 0 else { throw .last("bind \(path)") }
        }
        guard unsafe chmod(path, mode) == 0 else { throw .last("chmod \(path)") }
        guard listen(fd, backlog) == 0 else { throw .last("listen") }
    } catch {
        throw closing(fd, error)
    }
    return fd
}

let sockStream = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
/// `RLIMIT_NOFILE`, as the calls take it.
private let descriptors = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
let noSignal = Int32(MSG_NOSIGNAL)

func setOption(_ fd: Int32, _ level: Int32, _ option: Int32, _ value: Int32) {
    var value = value
    _ = unsafe setsockopt(fd, level, option, &value, socklen_t(MemoryLayout<Int32>.size))
}

func closing(_ fd: Int32, _ error: IOError) -> IOError {
    Glibc.close(fd)
    return error
}

/// Calls `body` with the address of a Unix socket.
///
/// A path beyond the 107 octets that fit is reached through an open descriptor of its directory
/// (`/proc/self/fd/N/name`).
func withUnixAddress<Result>(
    _ path: String,
    _ body: (UnsafePointer<sockaddr>, socklen_t) throws(IOError) -> Result
) throws(IOError) -> Result {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let capacity = MemoryLayout.size(ofValue: address.sun_path) - 1
    var reachable = path
    var directory: Int32 = -1
    defer { if directory >= 0 { Glibc.close(directory) } }
    if path.utf8.count > capacity {
        let slash = path.lastIndex(of: "/") ?? path.startIndex
        directory = unsafe CLinux_open_directory(String(path[..<slash]))
        guard directory >= 0 else { throw .last("open \(path[..<slash])") }
        reachable = "/proc/self/fd/\(directory)\(path[slash...])"
    }
    guard reachable.utf8.count <= capacity else { throw .system(errno: ENAMETOOLONG, call: "socket \(path)") }
    unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: reachable.utf8) }
    let result: Swift.Result<Result, IOError> = unsafe withUnsafeBytes(of: address) { raw in
        guard let base = raw.baseAddress else { return .failure(.closed) }
        return Swift.Result { () throws(IOError) in
            unsafe try body(base.assumingMemoryBound(to: sockaddr.self), socklen_t(raw.count))
        }
    }
    return try result.get()
}

/// Raises the limit on open descriptors of this process as far as the system allows; returns the limit in force.
@discardableResult
package func raiseDescriptorLimit() -> UInt64 {
    var limit = rlimit()
    guard unsafe getrlimit(descriptors, &limit) == 0 else { return 0 }
    limit.rlim_cur = limit.rlim_max
    unsafe setrlimit(descriptors, &limit)
    unsafe getrlimit(descriptors, &limit)
    return UInt64(limit.rlim_cur)
}
