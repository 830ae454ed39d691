// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import Runtime
package import SMTPWire

/// What a session's rules want done for a command.
package enum SMTPStep: Sendable, Equatable {
    case reply(SMTPReply)
    /// Say this and end the connection.
    case close(SMTPReply)
    case startTLS
    case authenticate(AuthCommand)
    /// Check who sends, then `begin`.
    case beginTransaction(MailCommand)
    /// Look the recipient up, then `add`.
    case resolve(RecipientCommand)
    /// Say who the address is, and with `expands` whom it stands for.
    case describe(RecipientCommand, expands: Bool)
    /// Have what waits for a domain sent.
    case startQueue(RemoteQueueCommand)
    /// Begin anew, for the client at this address when there is one.
    case presentClient(SocketAddress?)
    /// Turn the connection round and send what is held (ATRN).
    case relayOnDemand(OnDemandRelayCommand)
    case receiveData
    /// Read the octets of the chunk; with a refusal, only to give that reply behind them.
    case receiveChunk(ChunkCommand, refusal: SMTPReply?)
}
