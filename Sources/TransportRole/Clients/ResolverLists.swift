// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import Resolver
internal import SMTPServer

/// Asks lists of addresses by way of the resolver's process.
package struct ResolverLists: AddressListSource {
    private let resolver: ResolverClient

    package init(_ resolver: ResolverClient) { self.resolver = resolver }

    /// The type of address records (RFC 1035 §3.2.2).
    private static let addressType: UInt16 = 1

    package func addresses(of name: String) async -> [String]? {
        guard case .success(.records(let report)) = await resolver.ask(.records(name: name, type: Self.addressType))
        else { return nil }
        switch report.outcome {
        case "data": return report.records
        case "no-data", "no-name": return []
        default: return nil
        }
    }
}
