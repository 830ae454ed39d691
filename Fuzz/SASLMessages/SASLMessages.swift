// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import ByteTools
import FuzzDriver
import MailTypes
import SASL

/// Any bytes as the messages of every mechanism, in base64 and as they are: each has an answer, an exchange ends
/// after at most four messages, and nobody is let in unless the directory said so.
@main
enum FuzzSASLMessages {
    static func main() { fuzz(check) }

    nonisolated static let channel = SASLChannel(
        .tls,
        bindings: ["tls-exporter": [1, 2, 3], "tls-server-end-point": [4]],
        identities: ["alice@example.test"]
    )

    nonisolated static func check(_ input: [UInt8]) {
        let lines = input.split(separator: 0x0A, omittingEmptySubsequences: false).map(Array.init)
        for mechanism in SASLMechanism.all {
            for isEncoded in [false, true] {
                let messages = isEncoded ? lines.map { Base64.encode($0) } : lines
                run(mechanism, messages, letsIn: false)
                run(mechanism, messages, letsIn: true)
            }
        }
    }

    nonisolated static func run(_ mechanism: SASLMechanism, _ messages: [[UInt8]], letsIn: Bool) {
        var rest = messages[...]
        var (exchange, action) = SASLServerExchange.begin(
            mechanism,
            on: channel,
            initialResponse: messages.first?.isEmpty == true ? nil : rest.popFirst()
        )
        for _ in 0..<8 {
            switch action {
            case .challenge(let text):
                precondition(Base64.decode(text) != nil)
                action = exchange.respond(to: rest.popFirst() ?? [])
            case .verify(let proof): action = exchange.take(answer(to: proof, letsIn: letsIn))
            case .done(.success): return precondition(letsIn)
            case .done: return
            case .fail(let failure): return precondition(!failure.text.isEmpty)
            }
        }
        preconditionFailure("no end")
    }

    nonisolated static func answer(to proof: SASLProof, letsIn: Bool) -> SASLAnswer {
        precondition(proof.user.utf8.count <= SASLCredentials.maximumUserOctets)
        guard let name = MailboxAddress("alice@example.test") else { return .outcome(.unavailable) }
        let user = AuthenticatedUser(account: AccountID(7), name: name)
        switch proof {
        case .scramParameters: return .scramParameters(salt: [1, 2, 3], iterations: 10_000)
        case .scram(let proof):
            precondition(proof.proof.count == proof.hash.octets)
            return letsIn ? .scram(user, signature: [1]) : .outcome(.invalidCredentials)
        case .token(_, let token): precondition(!token.isEmpty && token.utf8.count <= 8192)
        case .password, .certificate: break
        }
        return letsIn ? .outcome(.success(user)) : .outcome(.invalidCredentials)
    }
}
