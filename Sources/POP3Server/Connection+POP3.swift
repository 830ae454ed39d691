// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import POP3Wire
internal import Runtime
internal import SASL

extension Connection {
    func write(_ reply: POP3Reply) { write(reply.encoded) }

    /// A positive reply with lines that need no stuffing: none of ours begins with a dot.
    func write(_ reply: POP3Reply, lines: [String]) {
        write(reply)
        for line in lines {
            write(line)
            write("\r\n")
        }
        write(".\r\n")
    }

    /// What this connection brings into a log-on.
    var channel: SASLChannel {
        if tls != nil {
            return SASLChannel(.tls, bindings: channelBindings, identities: certifiedIdentities)
        }
        return SASLChannel(peer.isLoopback ? .loopback : .clear)
    }
}
