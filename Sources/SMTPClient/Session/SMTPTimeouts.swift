// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

/// How long a client waits (RFC 5321 §4.5.3.2).
///
/// Each is for a whole reply, so that a server cannot stretch it octet by octet.
package struct SMTPTimeouts: Sendable, Hashable {
    package var connect: Duration
    package var greeting: Duration
    /// For the answers to EHLO, MAIL, RCPT and all else that is not below.
    package var command: Duration
    /// For the answer to DATA (RFC 5321 §4.5.3.2.4).
    package var dataStart: Duration
    /// For each block of the content to be taken.
    package var block: Duration
    /// For the answer to the end of the content.
    package var answer: Duration

    package init(
        connect: Duration,
        greeting: Duration,
        command: Duration,
        dataStart: Duration,
        block: Duration,
        answer: Duration
    ) {
        self.connect = connect
        self.greeting = greeting
        self.command = command
        self.dataStart = dataStart
        self.block = block
        self.answer = answer
    }

    /// The longest that nothing may come or go on a connection that is well.
    var longest: Duration { [greeting, command, dataStart, block, answer].max() ?? answer }

    /// Octets a second that a server must take of a message on average, besides one `block`: less is no delivery but a
    /// way to hold connections.
    static let slowestRate: UInt64 = 128

    /// Towards other systems.
    ///
    /// The long wait for the answer keeps messages from being sent twice (RFC 1047).
    package static let standard = SMTPTimeouts(
        connect: .seconds(60),
        greeting: .seconds(300),
        command: .seconds(300),
        dataStart: .seconds(120),
        block: .seconds(180),
        answer: .seconds(600)
    )

    /// Towards a worker on this machine, which may be starting.
    package static let local = SMTPTimeouts(
        connect: .seconds(5),
        greeting: .seconds(5),
        command: .seconds(20),
        dataStart: .seconds(20),
        block: .seconds(20),
        answer: .seconds(60)
    )
}
