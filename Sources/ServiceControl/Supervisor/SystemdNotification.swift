// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// Tells systemd about this service's state (sd_notify(3)) where it runs; does nothing elsewhere.
enum SystemdNotification {
    static func send(_ state: String) {
        guard let path = unsafe getenv("NOTIFY_SOCKET").map({ unsafe String(cString: $0) }), path.utf8.count < 108
        else {
            return
        }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: path.utf8) }
        // A name that begins with @ is in the abstract space, where the first octet is zero.
        if path.hasPrefix("@") { address.sun_path.0 = 0 }
        let length = socklen_t(MemoryLayout<sa_family_t>.size + path.utf8.count)
        let fd = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard fd >= 0 else { return }
        defer { close(fd) }
        let text = Array(state.utf8)
        unsafe withUnsafeBytes(of: address) { raw in
            guard let base = raw.baseAddress else { return }
            _ = unsafe sendto(
                fd,
                text,
                text.count,
                Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT),
                base.assumingMemoryBound(to: sockaddr.self),
                length
            )
        }
    }
}
