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

    /// The message in a form for such a server; `nil` when it is to go as it is for its signature.
    mutating func conversion(
        for target: MessageConversion.Target,
        _ facts: ContentFacts
    ) async throws(TransactionPlan.Refusal) -> MessageConversion? {
        if let known = conversions[target] { return known }
        let made = try await convert(for: target, breakingSignature: options.signedEightBit == .convert)
        switch made {
        case .success(let conversion):
            if conversion.breaksSignature { observer?.show(.note("its DKIM signature does not outlast 7-bit data")) }
            conversions[target] = conversion
            return conversion
        case .failure(.signed) where options.signedEightBit == .asIs && !facts.hasNull && !facts.hasBareNewline:
            return nil
        case .failure(let error): throw Self.refusal(error)
        }
    }

    private func convert(
        for target: MessageConversion.Target,
        breakingSignature: Bool
    ) async throws(TransactionPlan.Refusal) -> Result<MessageConversion, MessageConversion.Refusal> {
        guard message.content.size <= UInt64(MessageConversion.maximumOctets) else {
            throw Self.refusal(.tooLarge)
        }
        var octets: [UInt8] = []
        try await forEachPiece { octets += $0 }
        let whole = octets
        return await BlockingPool.shared.run { () -> Result<MessageConversion, MessageConversion.Refusal> in
            do throws(MessageConversion.Refusal) {
                return .success(try MessageConversion(whole, for: target, breakingSignature: breakingSignature))
            } catch {
                return .failure(error)
            }
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
