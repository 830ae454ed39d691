// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
internal import CIDN2
internal import DNSRecords
package import MailTypes

extension Domain {
    /// The domain with its U-labels as A-labels (RFC 5890 §2.3.2), as it is asked for and as certificates have it.
    ///
    /// `nil` when it has no such form, and for an address literal.
    package var ascii: Domain? {
        guard !isAddressLiteral else { return nil }
        guard text.utf8.contains(where: { $0 >= 0x80 }) else { return self }
        let octets = Array(text.utf8) + [0]
        // The library reads up to the zero and hands out memory of its own, which is freed here.
        guard let name = unsafe CIDN2_lookup(octets) else { return nil }
        defer { unsafe CIDN2_free(name) }
        return Domain(unsafe String(cString: name))
    }

    /// The name to ask for; `nil` when no such name can be.
    var dnsName: DomainName? {
        guard let ascii else { return nil }
        return DomainName(labels: ascii.text.utf8.split(separator: ASCII.dot).map(Array.init))
    }

    /// The address in an address literal (RFC 5321 §4.1.3); `nil` for anything else.
    var literalAddress: HostAddress? {
        guard isAddressLiteral else { return nil }
        let inner = text.dropFirst().dropLast()
        if inner.hasPrefix("ipv6:") {
            let address = HostAddress(String(inner.dropFirst(5)))
            return address?.isIPv6 == true || inner.hasPrefix("ipv6:::ffff:") ? address : nil
        }
        let address = HostAddress(String(inner))
        return address?.isIPv6 == false && !inner.contains(":") ? address : nil
    }
}
