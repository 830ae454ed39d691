// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools

/// The name servers in a resolv.conf(5).
///
/// Search lists are not for mail: its names are absolute.
enum ResolvConf {
    /// As many as libc's resolver takes.
    static let maximumServers = 3

    static func servers(in octets: [UInt8]) -> [NameServer] {
        let lines = octets.split(whereSeparator: { $0 == ASCII.lf || $0 == ASCII.cr })
        let servers = lines.compactMap { line -> NameServer? in
            let words = line.split(whereSeparator: ASCII.isBlank)
            guard words.count >= 2, words[0].elementsEqual("nameserver".utf8) else { return nil }
            return HostAddress(String(decoding: words[1], as: UTF8.self)).map { NameServer($0) }
        }
        return Array(servers.prefix(maximumServers))
    }
}
