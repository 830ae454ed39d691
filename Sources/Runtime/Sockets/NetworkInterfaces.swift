// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import CUV
internal import Glibc

/// The network interfaces of this machine.
package enum NetworkInterfaces {
    /// Every address that some interface has, with port 0; none when the system does not say.
    ///
    /// Asks the kernel, which takes some ten microseconds.
    package static func addresses() -> Set<SocketAddress> {
        var first: UnsafeMutablePointer<ifaddrs>?
        guard unsafe getifaddrs(&first) == 0 else { return [] }
        defer { unsafe freeifaddrs(first) }
        var found: Set<SocketAddress> = []
        var next = unsafe first
        while let entry = unsafe next {
            unsafe next = entry.pointee.ifa_next
            guard let address = unsafe entry.pointee.ifa_addr, let known = unsafe socketAddress(address) else {
                continue
            }
            found.insert(known)
        }
        return found
    }

    /// `nil` for other families than IP's.
    private static func socketAddress(_ address: UnsafeMutablePointer<sockaddr>) -> SocketAddress? {
        let count: Int
        let family = unsafe Int32(address.pointee.sa_family)
        switch family {
        case AF_INET: count = MemoryLayout<sockaddr_in>.size
        case AF_INET6: count = MemoryLayout<sockaddr_in6>.size
        default: return nil
        }
        var storage = sockaddr_storage()
        unsafe withUnsafeMutableBytes(of: &storage) {
            unsafe $0.copyMemory(from: UnsafeRawBufferPointer(start: address, count: count))
        }
        return SocketAddress(storage)
    }
}
