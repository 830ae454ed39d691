// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import FuzzDriver
import Resolver

/// Any octets between the resolver and who asks it: an error, or a value that is the same again when it was written and
/// read, with hosts that have addresses and not too many.
@main
enum FuzzResolverMessages {
    static func main() { fuzz(check) }

    nonisolated static func check(_ input: [UInt8]) {
        if let (request, milliseconds) = try? ResolverRequest.decode(input) {
            let again = try? ResolverRequest.decode(request.encoded(within: milliseconds))
            precondition(again?.request == request && again?.milliseconds == milliseconds)
        }
        guard let reply = try? ResolverReply(decoding: input) else { return }
        precondition((try? ResolverReply(decoding: reply.encoded)) == reply)
        guard case .hosts(.hosts(let hosts), _) = reply else { return }
        precondition(!hosts.hosts.isEmpty && hosts.hosts.allSatisfy { !$0.addresses.isEmpty })
        precondition(hosts.hosts.reduce(0) { $0 + $1.addresses.count } <= MailHosts.maximumAddresses)
    }
}
