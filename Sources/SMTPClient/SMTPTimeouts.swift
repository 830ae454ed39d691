// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

/// How long a client waits (RFC 5321 §4.5.3.2).
package struct SMTPTimeouts: Sendable, Equatable {
    package var connect: Duration
    package var greeting: Duration
    package var command: Duration
    /// For each block of the content to be taken.
    package var block: Duration
    /// For the answer to the end of the content.
    package var answer: Duration

    package init(connect: Duration, greeting: Duration, command: Duration, block: Duration, answer: Duration) {
        self.connect = connect
        self.greeting = greeting
        self.command = command
        self.block = block
        self.answer = answer
    }

    /// Towards other systems.
    ///
    /// The long wait for the answer keeps messages from being sent twice (RFC 1047).
    package static let standard = SMTPTimeouts(
        connect: .seconds(60),
        greeting: .seconds(300),
        command: .seconds(300),
        block: .seconds(180),
        answer: .seconds(600)
    )

    /// Towards a worker on this machine, which may be starting.
    package static let local = SMTPTimeouts(
        connect: .seconds(5),
        greeting: .seconds(5),
        command: .seconds(20),
        block: .seconds(20),
        answer: .seconds(60)
    )
}
