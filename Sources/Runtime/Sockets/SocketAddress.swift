// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
internal import CUV
internal import Glibc

/// An end of a connection: an IP address with a port, or a Unix socket.
package enum SocketAddress: Sendable, Hashable, CustomStringConvertible {
    /// Four octets, network order.
    case ipv4(UInt32, port: UInt16)
    /// Sixteen octets, network order.
    case ipv6(UInt128, port: UInt16)
    case unix

    /// Reads a numeric address: `127.0.0.1`, `::1`, without brackets or zone.
    ///
    /// `nil` for anything else.
    package init?(host: String, port: UInt16) {
        var four = in_addr()
        var six = in6_addr()
        if unsafe inet_pton(AF_INET, host, &four) == 1 {
            self = .ipv4(UInt32(bigEndian: four.s_addr), port: port)
        } else if unsafe inet_pton(AF_INET6, host, &six) == 1 {
            let value = unsafe withUnsafeBytes(of: &six) { unsafe $0.loadUnaligned(as: UInt128.self) }
            self = .ipv6(UInt128(bigEndian: value), port: port)
        } else {
            return nil
        }
    }

    init(_ storage: sockaddr_storage) {
        self = unsafe withUnsafeBytes(of: storage) { raw in
            switch Int32(storage.ss_family) {
            case AF_INET:
                let address = unsafe raw.loadUnaligned(as: sockaddr_in.self)
                return .ipv4(UInt32(bigEndian: address.sin_addr.s_addr), port: UInt16(bigEndian: address.sin_port))
            case AF_INET6:
                let address = unsafe raw.loadUnaligned(as: sockaddr_in6.self)
                let value = unsafe withUnsafeBytes(of: address.sin6_addr) { unsafe $0.loadUnaligned(as: UInt128.self) }
                return .ipv6(UInt128(bigEndian: value), port: UInt16(bigEndian: address.sin6_port)).unmapped
            default:
                return .unix
            }
        }
    }

    /// An IPv4 address that came in IPv6 clothes (`::ffff:a.b.c.d`) as what it is.
    var unmapped: SocketAddress {
        guard case .ipv6(let value, let port) = self, value >> 32 == 0xFFFF else { return self }
        return .ipv4(UInt32(truncatingIfNeeded: value), port: port)
    }

    package var port: UInt16 {
        switch self {
        case .ipv4(_, let port), .ipv6(_, let port): port
        case .unix: 0
        }
    }

    /// The address without port or brackets; `unix` for a Unix socket.
    package var host: String {
        switch self {
        case .ipv4(let value, _):
            return [24, 16, 8, 0].map { String(value >> UInt32($0) & 255) }.joined(separator: ".")
        case .ipv6(let value, _):
            var address = in6_addr()
            unsafe withUnsafeMutableBytes(of: &address) {
                unsafe $0.storeBytes(of: value.bigEndian, as: UInt128.self)
            }
            var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
            guard unsafe inet_ntop(AF_INET6, &address, &text, socklen_t(text.count)) != nil else { return "::" }
            return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        case .unix:
            return "unix"
        }
    }

    package var description: String {
        switch self {
        case .ipv4(_, let port): "\(host):\(port)"
        case .ipv6(_, let port): "[\(host)]:\(port)"
        case .unix: "unix"
        }
    }

    /// Whether the peer is on this machine: 127.0.0.0/8, `::1`, or a Unix socket.
    package var isLoopback: Bool {
        switch self {
        case .ipv4(let value, _): value >> 24 == 127
        case .ipv6(let value, _): value == 1
        case .unix: true
        }
    }

    /// Calls `body` with the form that system calls take.
    ///
    /// Not for `.unix`.
    func withSockaddr<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result? {
        switch self {
        case .ipv4(let value, let port):
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = port.bigEndian
            address.sin_addr.s_addr = value.bigEndian
            return unsafe withUnsafeBytes(of: address) { raw in
                unsafe raw.baseAddress.map {
                    unsafe body($0.assumingMemoryBound(to: sockaddr.self), socklen_t(raw.count))
                }
            }
        case .ipv6(let value, let port):
            var address = sockaddr_in6()
            address.sin6_family = sa_family_t(AF_INET6)
            address.sin6_port = port.bigEndian
            unsafe withUnsafeMutableBytes(of: &address.sin6_addr) {
                unsafe $0.storeBytes(of: value.bigEndian, as: UInt128.self)
            }
            return unsafe withUnsafeBytes(of: address) { raw in
                unsafe raw.baseAddress.map {
                    unsafe body($0.assumingMemoryBound(to: sockaddr.self), socklen_t(raw.count))
                }
            }
        case .unix:
            return nil
        }
    }

    var family: Int32 {
        switch self {
        case .ipv4: AF_INET
        case .ipv6: AF_INET6
        case .unix: AF_UNIX
        }
    }
}
