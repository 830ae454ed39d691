// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import MessageFormat
internal import Runtime
internal import SMTPWire

extension OutboundDelivery {
    /// What the octets demand, looked up once.
    mutating func facts() async throws(TransactionPlan.Refusal) -> ContentFacts {
        if let known = message.facts { return known }
        var scanner = ContentFacts.Scanner()
        try await forEachPiece { scanner.read($0) }
        message.facts = scanner.facts
        return scanner.facts
    }

    mutating func conversion(
        for target: MessageConversion.Target
    ) async throws(TransactionPlan.Refusal) -> MessageConversion {
        if let known = conversions[target] { return known }
        guard message.content.size <= UInt64(MessageConversion.maximumOctets) else {
            throw Self.refusal(.tooLarge)
        }
        var octets: [UInt8] = []
        try await forEachPiece { octets += $0 }
        let whole = octets
        let made = await BlockingPool.shared.run { () -> Result<MessageConversion, MessageConversion.Refusal> in
            do throws(MessageConversion.Refusal) {
                return .success(try MessageConversion(whole, for: target))
            } catch {
                return .failure(error)
            }
        }
        switch made {
        case .success(let conversion):
            conversions[target] = conversion
            return conversion
        case .failure(let error): throw Self.refusal(error)
        }
    }

    private func forEachPiece(_ body: ([UInt8]) -> Void) async throws(TransactionPlan.Refusal) {
        var offset: UInt64 = 0
        do throws(IOError) {
            while offset < message.content.size {
                let piece = try await message.content.read(at: offset, maximum: 256 * 1024)
                guard !piece.isEmpty else { throw .closed }
                offset &+= UInt64(piece.count)
                body(piece)
            }
        } catch {
            throw TransactionPlan.Refusal(reply: SMTPReply(451, .mailSystem, "The message cannot be read now"))
        }
    }

    private static func refusal(_ reason: MessageConversion.Refusal) -> TransactionPlan.Refusal {
        let text =
            switch reason {
            case .signed: "The server takes no 8-bit data, and a change would break the message's signature"
            case .outsideBodies: "The server takes no 8-bit data, and the message's header has some"
            case .unencodable: "The server takes no 8-bit data, and a part of the message cannot be encoded"
            case .tooLarge: "The server takes no 8-bit data, and the message is too large to be encoded"
            }
        return TransactionPlan.Refusal(reply: SMTPReply(550, .conversionNotSupported, text))
    }
}
