// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
package import MailTypes

/// Which domains are meant.
package enum AddressPattern: Sendable, Hashable, CustomStringConvertible {
    /// `example.com`, or `#example.com` as older systems write it.
    case exact(Domain)
    /// `*.example.com`: every domain below it, and not itself.
    case below(Domain)
    /// `*`
    case any

    package init?(_ text: String) {
        if text == "*" {
            self = .any
        } else if text.hasPrefix("*.") {
            guard let domain = Domain(String(text.dropFirst(2))), !domain.isAddressLiteral else { return nil }
            self = .below(domain)
        } else {
            guard let domain = Domain(text.hasPrefix("#") ? String(text.dropFirst()) : text) else { return nil }
            self = .exact(domain)
        }
    }

    package func matches(_ domain: Domain) -> Bool {
        switch self {
        case .any: true
        case .exact(let own): own == domain
        case .below(let own): domain.text.utf8.count > own.text.utf8.count + 1 && domain.text.hasSuffix("." + own.text)
        }
    }

    /// Of two patterns that match a domain, the greater is the closer one.
    package var closeness: Int {
        switch self {
        case .any: 0
        case .below(let domain): 2 * domain.text.utf8.count + 1
        case .exact(let domain): 2 * domain.text.utf8.count + 2
        }
    }

    package var description: String {
        switch self {
        case .any: "*"
        case .below(let domain): "*.\(domain)"
        case .exact(let domain): domain.text
        }
    }
}

/// Domains that a connector takes mail for, and how much it costs: `example.com`, `*.example.com:20`, `*:100`.
package struct AddressSpace: Sendable, Hashable, CustomStringConvertible {
    package static let costs = 1...100

    package var pattern: AddressPattern
    /// 1 to 100; the connector with the least is used.
    package var cost: Int

    package init(_ pattern: AddressPattern, cost: Int = 1) {
        self.pattern = pattern
        self.cost = min(max(cost, Self.costs.lowerBound), Self.costs.upperBound)
    }

    package init?(_ text: String) {
        guard let colon = text.lastIndex(of: ":"), !text.hasSuffix("]") else {
            guard let pattern = AddressPattern(text) else { return nil }
            self.init(pattern)
            return
        }
        let digits = text[text.index(after: colon)...]
        guard let pattern = AddressPattern(String(text[..<colon])),
            let cost = Decimal.parse(digits.utf8, maximum: UInt64(Self.costs.upperBound)), cost > 0
        else { return nil }
        self.init(pattern, cost: Int(cost))
    }

    package var description: String { cost == 1 ? "\(pattern)" : "\(pattern):\(cost)" }
}
